"""The line mode of a study: questions on standard output, one answer per line on standard input.

It is the same way through a study as on the screen, for terminals that cannot draw, for screen readers and for scripts.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

from chat_personas.cli.errors import DONE
from chat_personas.cli.launch import Launch
from chat_personas.cli.progress import Advance, RateEstimate, busy, lines
from chat_personas.cli.standard_input import StandardInputMode, input_lines, without_keys
from chat_personas.cli.tables.layout import print_line, table_console
from chat_personas.cli.terminal import Voice
from chat_personas.conversation.conversation import ReplyEnded, ReplyEvent, ReplyRecalled, ReplyText
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.reporting.study_wording import (
    AGREE,
    LEFT,
    NOT_AGREED,
    OF_AGE,
    READ,
    THANKS,
    TOO_LONG,
    TOO_YOUNG,
    TRACES,
    TRY_AGAIN,
    code_line,
    debriefing_lines,
    go_on_command,
    guess_question,
    paragraphs,
    talk_rules,
    talk_title,
    withdrawal_line,
)
from chat_personas.reporting.wording.conversations import RECALLED, STATUS
from chat_personas.studies.errors import ParticipationError
from chat_personas.studies.participation import Identity, Participation
from chat_personas.studies.sitting import Learnt, Sitting
from chat_personas.studies.steps import (
    DECLINED,
    AskedItem,
    Debriefing,
    Ended,
    Guessing,
    Questionnaire,
    Step,
    Talk,
    percentages,
)
from chat_personas.studies.study import LoadedStudy
from chat_personas.text import without_drawing
from eval.engine import Engine, EngineError, TooLongError
from personas.errors import ReportedError

DECLINE, LEAVE, GO_ON, AGAIN = "-", "/leave", "/done", "/again"
ANSWER, YOU = "Your answer: ", "You: "
MEASURING = "measuring the persona's answers"


class InputEndedError(Exception):
    """Standard input ended before the study did."""


class LeftError(Exception):
    """The person left the study."""


class StudyLineMode(StandardInputMode):
    """One person's way through a study over standard input and output."""

    def __init__(
        self, launch: Launch, study: LoadedStudy, identity: Identity, *, resume: str | None, test: bool
    ) -> None:
        """Prepare; `resume` is None for a new person, "" for the one that is not done, or names a participation."""
        super().__init__()
        self._launch = launch
        self._study = study
        self._identity = identity
        self._resume = resume
        self._test = test
        self._console = table_console(to_error=False)
        self._voice = Voice()
        self._lines: AsyncGenerator[str, None] | None = None
        self._measuring: asyncio.Task[None] | None = None
        self._measured: Advance = _silent

    async def _talk(self) -> int:
        with self._launch.open_corpus() as corpus:
            async with aclosing(input_lines(sys.stdin.fileno())) as self._lines:
                return await self._go_through(corpus)

    async def _go_through(self, corpus: Corpus) -> int:
        way = None
        try:
            begun = await self._begin(corpus)
            if begun is not None:
                with begun.hold():
                    way = begun  # only now is it here that the person goes on
                    await self._steps(corpus, way)
        except InputEndedError:
            self._later(way)
        except ReportedError as error:
            if way is not None:
                error.add_note(f"what was answered is stored; to go on: {go_on_command(self._study, way)}")
            raise
        except asyncio.CancelledError:
            self._later(way)
            raise
        return DONE

    def _later(self, way: Participation | None) -> None:
        """Say how to go on, if there is something to go on with."""
        if way is not None and way.row.status == "running":
            print(f"\nNot done yet; to go on: {go_on_command(self._study, way)}", file=sys.stderr, flush=True)

    async def _begin(self, corpus: Corpus) -> Participation | None:
        """Ask for consent and store it, or take up what broke off; None where the person does not take part."""
        if self._resume is not None:
            return await asyncio.to_thread(
                Participation.resume, corpus, self._study, self._resume or None, self._identity
            )
        Participation.check_new(corpus, self._study, self._identity)
        form = self._study.study.consent
        self._say(self._study.study.title, "", form.text, "")
        if form.adults_only and not await self._yes(OF_AGE):
            self._say(TOO_YOUNG)
            return None
        if not await self._yes(AGREE):
            self._say(NOT_AGREED)
            return None
        traces = form.traces and await self._yes(TRACES)
        way = await asyncio.to_thread(
            Participation.begin,
            corpus,
            self._study,
            self._identity,
            adult=True if form.adults_only else None,
            traces=traces,
            test=self._test,
        )
        self._say(
            "",
            self._study.study.instructions,
            "",
            f"Write a hyphen ({DECLINE}) for: {DECLINED}. Write {LEAVE} to leave the study.",
            "",
        )
        return way

    async def _steps(self, corpus: Corpus, way: Participation) -> None:
        opening = asyncio.create_task(self._launch.open_engine())
        try:
            sitting: Sitting | None = None
            while not isinstance(step := await asyncio.to_thread(way.next_step), Ended):
                if isinstance(step, Talk) or (isinstance(step, Debriefing) and sitting is None):
                    sitting = Sitting(corpus, await self._opened(opening), way)
                await self._do(way, step, sitting)
            self._end(way, step)
        except LeftError:
            self._end(way, way.leave("left in the line mode"))
        finally:
            await self._close(opening)

    async def _opened(self, opening: "asyncio.Task[Engine]") -> Engine:
        with busy(f"opening {self._launch.shown_model}…", self._launch.longest_wait, still=True):
            return await asyncio.shield(opening)

    async def _close(self, opening: "asyncio.Task[Engine]") -> None:
        """End measuring and close the model, also while it is still being opened."""
        if self._measuring is not None:
            self._measuring.cancel()
            with suppress(asyncio.CancelledError, EngineError, CorpusError):
                await self._measuring
        if not opening.done():
            opening.cancel()
        with suppress(asyncio.CancelledError, EngineError):
            engine = await opening
            await engine.close()

    async def _do(self, way: Participation, step: Step, sitting: Sitting | None) -> None:
        if isinstance(step, Questionnaire):
            await self._questionnaire(way, step)
        elif isinstance(step, Guessing):
            await self._guesses(way, step)
        elif isinstance(step, Talk):
            assert sitting is not None
            await self._talk_with_persona(sitting, step)
        elif isinstance(step, Debriefing):
            assert sitting is not None
            await self._debrief(sitting, step)

    # Questions

    async def _questionnaire(self, way: Participation, step: Questionnaire) -> None:
        for sheet in step.sheets:
            self._say("", sheet.instrument.title, *([sheet.introduction] if sheet.introduction else []))
            for asked in sheet.items:
                await self._item(way, asked)
        way.finish(step.stage)

    async def _item(self, way: Participation, asked: AskedItem) -> None:
        item = asked.item
        self._say("", asked.text)
        for number, choice in enumerate(asked.choices, start=1):
            self._say(f"  {number}  {choice.text}")
        if item.kind == "number" and item.low is not None and item.high is not None:
            self._say(f"  from {item.low:g} to {item.high:g}")
        if item.kind == "scale":
            low, high = (f"{label} ({end:g})" for label, end in _ends(asked))
            self._say(f"  from {low} to {high}")
        if item.may_decline:
            self._say(f"  {DECLINE}  (a hyphen) {DECLINED}")
        began = time.monotonic()
        while True:
            given = await self._ask()
            try:
                value = None if given == DECLINE else _chosen(asked, given)
                again = await asyncio.to_thread(way.answer, asked, value, time.monotonic() - began)
            except ParticipationError as error:
                self._refuse(error)
            else:
                if not again:
                    return
                self._say(TRY_AGAIN)

    async def _guesses(self, way: Participation, step: Guessing) -> None:
        for question in step.missing:
            self._say(
                "",
                f"Question {step.questions.index(question) + 1} of {len(step.questions)}. {guess_question(step)}",
                question.stem,
                *(f"  {number}  {text}" for number, text in enumerate(question.option_texts, start=1)),
                f"Write {len(question.options)} numbers that sum to 100, in this order.",
            )
            began = time.monotonic()
            while True:
                given = await self._ask()
                try:
                    percent = percentages(given, len(question.options))
                    await asyncio.to_thread(way.guess, step, question, percent, time.monotonic() - began)
                except ParticipationError as error:
                    self._refuse(error)
                else:
                    break
        way.finish(step.stage)

    # The talk

    async def _talk_with_persona(self, sitting: Sitting, step: Talk) -> None:
        study = self._study.study.conversation
        conversation = await asyncio.to_thread(sitting.open_talk, step)
        name = talk_title(sitting.way, step.persona.persona.title)
        self._say("", f"You now talk with: {name}", *([study.instructions] if study.instructions else []))
        if study.topics:
            self._say(f"Topics: {', '.join(study.topics)}")
        self._say(f"{talk_rules(self._study)} {GO_ON}: go on after that.", "")
        for message in conversation.path:
            ended = f" ({STATUS[message.status]})" if message.status in STATUS else ""
            self._say(f"{'You' if message.role == 'user' else name}: {message.text}{ended}")
        if sitting.broke_off:
            self._say(f"This reply broke off. {AGAIN}: ask for another one.")
        while not sitting.must_end or sitting.broke_off:
            said = await self._ask(prompt=YOU)
            if said == GO_ON:
                if sitting.may_end:
                    break
                self._say(f"You have written {sitting.turns} so far. {talk_rules(self._study)}")
            elif said == AGAIN and sitting.broke_off:
                await self._reply(name, conversation.regenerate())
            elif said and not sitting.must_end:
                await self._reply(name, conversation.send(said))
            elif said:
                self._say(f"You have written as many messages as there may be. {AGAIN} or {GO_ON}.")
        sitting.way.finish("conversation")
        self._measuring = asyncio.create_task(self._measure(sitting))

    async def _reply(self, name: str, reply: AsyncGenerator[ReplyEvent, None]) -> None:
        """Say a reply in whole sentences, after the name of who speaks."""
        try:
            with self._voice.speaking(name) as take:
                async with aclosing(reply) as events:
                    async for event in events:
                        if isinstance(event, ReplyText):
                            take(event.text)
                        elif isinstance(event, ReplyRecalled):
                            take(RECALLED)
                        elif isinstance(event, ReplyEnded) and event.status in ("error", "interrupted"):
                            raise EngineError(event.why or "the model failed; its reply so far is kept")
            self._voice.say("")
        except TooLongError:
            self._say(TOO_LONG)

    async def _measure(self, sitting: Sitting) -> None:
        total = len(self._study.survey.survey.questions)
        async with aclosing(sitting.measure()) as estimates:
            async for estimate in estimates:
                self._measured(estimate.answered, total)

    async def _debrief(self, sitting: Sitting, step: Debriefing) -> None:
        await self._wait_until_measured(sitting)
        self._say("", *debriefing_lines(self._study, step))
        for learnt in await asyncio.to_thread(sitting.learnt, step):
            self._show(learnt, step.people)
        self._say("", f"Press Enter: {READ}.")
        await self._ask(empty=True, prompt="")
        sitting.way.finish("debriefing")

    async def _wait_until_measured(self, sitting: Sitting) -> None:
        if self._measuring is None:
            self._measuring = asyncio.create_task(self._measure(sitting))
        self._measured = lines(MEASURING, RateEstimate())
        try:
            with busy(f"{MEASURING}…", still=True):
                await self._measuring
        except (EngineError, CorpusError) as error:
            print(f"(the persona could not be measured: {error})", file=sys.stderr, flush=True)
        self._measuring = None
        if (why := sitting.why_not_measured) is not None:
            print(f"(the persona was not measured: {why})", file=sys.stderr, flush=True)

    def _show(self, learnt: Learnt, people: str) -> None:
        """Print a question with the figures of each side, one line an option."""
        sides = [(people, learnt.people), ("partner", learnt.persona), ("your first guess", learnt.before)]
        there = [(name, shares) for name, shares in (*sides, ("your last guess", learnt.after)) if shares is not None]
        number = "" if learnt.n is None else f" ({learnt.n:,.0f} {people})"
        self._say("", f"{learnt.question.stem}{number}")
        for place, text in enumerate(learnt.question.option_texts):
            shares = ", ".join(f"{name} {100 * values[place]:.0f} percent" for name, values in there)
            self._say(f"  {text}: {shares}")

    def _end(self, way: Participation, ended: Ended) -> None:
        code = code_line(ended.code)
        thanks = LEFT if ended.status == "left" else THANKS
        self._say("", thanks, *([code] if code else []), withdrawal_line(way))

    # Lines

    def _say(self, *texts: str) -> None:
        """Print texts, their paragraphs filled to the width; an option, which is indented, has a hanging indent."""
        for text in texts:
            for paragraph in paragraphs(without_drawing(text)):
                if paragraph.startswith(" "):
                    print_line(self._console, paragraph)
                else:
                    self._console.print(paragraph)
        self._console.file.flush()

    def _refuse(self, error: Exception) -> None:
        said = str(error)
        self._say(f"{said[:1].upper()}{said[1:]}.")

    async def _ask(self, *, empty: bool = False, prompt: str = ANSWER) -> str:
        """Return the next line that is not empty, on a terminal after `prompt`.

        Raises InputEndedError, and LeftError where the person leaves.
        """
        while (line := await self._line(prompt)) is not None:
            if line.strip() == LEAVE:
                if await self._yes("Leave the study for good?"):
                    raise LeftError
                self._say("You go on.")
            elif line.strip() or empty:
                return line.strip()
        raise InputEndedError

    async def _line(self, prompt: str) -> str | None:
        """Return the next line, None at the end.

        On a terminal it comes after `prompt`, and keys without a character are left out.
        """
        assert self._lines is not None
        typed = sys.stdin.isatty()
        if typed:
            self._voice.begin(prompt)
        line = await anext(self._lines, None)
        self._voice.enter_pressed()
        return without_keys(line)[0] if typed and line is not None else line

    async def _yes(self, question: str) -> bool:
        self._say(f"{question} (yes or no)")
        while (line := await self._line(ANSWER)) is not None:
            word = line.strip().casefold()
            if word in ("yes", "y", "no", "n"):
                return word in ("yes", "y")
            self._say("Write yes or no.")
        raise InputEndedError


def _silent(done: int, total: int) -> None:
    """Say nothing of what is measured while the person is busy."""


def _ends(asked: AskedItem) -> Sequence[tuple[str, float]]:
    item = asked.item
    assert item.low is not None
    assert item.high is not None
    return ((item.low_label or "least", item.low), (item.high_label or "most", item.high))


def _chosen(asked: AskedItem, given: str) -> str:
    """Return the code of the option with a number, or what was written for other kinds of items."""
    if asked.item.kind != "choice":
        return given
    if given.isdecimal() and 1 <= int(given) <= len(asked.choices):
        return asked.choices[int(given) - 1].code
    raise ParticipationError(f"write a number from 1 to {len(asked.choices)}")
