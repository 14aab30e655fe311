"""The line mode: one message per line in, each reply out followed by an empty line; for pipes and scripts.

Only replies go to standard output; measurements and notices go to standard error. The conversation is kept in
the corpus as on the screen.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.launch import Launch
from chat_personas.cli.progress import busy
from chat_personas.cli.standard_input import StandardInputMode, UnreadableLineError, input_lines
from chat_personas.cli.terminal import uncleaned
from chat_personas.consent import is_confirmed
from chat_personas.conversation.conversation import (
    NOT_RESCUED,
    PROTECTED,
    RESCUED,
    Conversation,
    ReplyEnded,
    ReplyRecalled,
    ReplyText,
    ThoughtEnded,
)
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.corpus.errors import (
    GONE_ON_ELSEWHERE,
    GROWING_ELSEWHERE,
    GoneOnElsewhereError,
    GrowingElsewhereError,
    ProtectedConversationError,
)
from chat_personas.paths import program
from chat_personas.reporting.numbers import with_interval
from chat_personas.reporting.verdicts import not_shown, not_valid, why_not_shown
from chat_personas.reporting.wording.conversations import RECALLED, thought_in_short
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    EVERYONE,
    NO_REPLY,
    NO_WHOLE_REPLY,
    against_opposite,
    answered_briefly,
    answers_of,
    asked_from_here_on,
    doubts,
    drifted,
    model_described,
    model_remarks,
    nearest_groups,
    not_followed,
    own_text,
)
from chat_personas.reporting.wording.steering import (
    EXAGGERATION,
    inside_line,
)
from chat_personas.steering.errors import SteeringError
from chat_personas.text import pluralize, printable
from eval.engine import Engine, EngineError, Message, TooLongError
from eval.interventions import tried_out

if TYPE_CHECKING:  # measuring imports NumPy, which a conversation without --measure never needs
    from chat_personas.corpus import MessageRow
    from chat_personas.monitor.drift import Drift
    from chat_personas.monitor.inside import Inside
    from chat_personas.monitor.monitor import Estimate, Monitor
    from eval.scoring.scores import Scorecard


STEER = "/steer"
"""The one word at the beginning of a line that is a command, and no message."""


class LineMode(StandardInputMode):
    """A conversation over standard input and output."""

    def __init__(
        self,
        persona: str | None,
        model: str | None,
        survey: str | None,
        *,
        measure: bool,
        resume: str | None,
        template: str | None = None,
    ) -> None:
        super().__init__()
        self._launch = Launch(persona, model, survey, template=template)
        self._measure = measure
        self._resume = resume
        self._interrupted = False
        self._conversation: Conversation | None = None
        self._monitor: Monitor | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def _talk(self) -> int:
        self._check_arguments()
        with self._launch.open_corpus() as corpus:
            if self._resume is not None:
                corpus.conversation(self._resume)
            engine = await self._open_engine()
            try:
                self._conversation = self._open_conversation(corpus, engine)
                await tried_out(self._conversation.engine)
                _notice_own_text(self._conversation, engine)
                await self._notice_other_model(self._conversation)
                if self._measure:
                    self._monitor = self._make_monitor(self._conversation, corpus)
                    if engine.info.demonstration:
                        print(f"({DEMONSTRATION})", file=sys.stderr, flush=True)
                return await self._exchange(self._conversation, corpus)
            except CorpusError as error:
                await self._rescue(error)
                raise
            finally:
                await engine.close()
                if self._monitor is not None:
                    await self._monitor.settle()  # records what was measured before a first message that was cut off
                if self._conversation is not None:
                    await self._conversation.leave()

    async def _rescue(self, error: CorpusError) -> None:
        """Write a reply that the corpus does not take to another place, and add to `error` where that is."""
        conversation = self._conversation
        if conversation is not None and conversation.unsaved is not None:
            written = await asyncio.to_thread(conversation.rescue)
            error.add_note(RESCUED.format(path=written) if written is not None else NOT_RESCUED)

    def _check_arguments(self) -> None:
        """Raise before a model is loaded what would otherwise be raised after it."""
        if sys.stdin is None:
            raise UsageError("there is no standard input to read messages from; give one, one message per line")
        if self._resume is None:
            self._launch.load_persona()
        if self._measure:
            self._launch.loaded_survey  # noqa: B018

    def _interrupt(self, task: "asyncio.Task[int]", number: int) -> None:
        """At the first signal stop a running reply, so that it is kept as stopped; otherwise end at once."""
        self._signal = number
        if self._conversation is not None and self._conversation.replying and not self._interrupted:
            self._stopping = asyncio.create_task(self._conversation.stop())
        else:
            task.cancel()
        self._interrupted = True

    async def _open_engine(self) -> Engine:
        with busy(f"opening {self._launch.shown_model}…", self._launch.longest_wait):
            engine = await self._launch.open_engine()
        if model_remarks(engine.info):
            print(f"({model_described(engine.info)})", file=sys.stderr, flush=True)
        return engine

    def _open_conversation(self, corpus: Corpus, engine: Engine) -> Conversation:
        if self._resume is not None:
            conversation = Conversation.resume(corpus, engine, self._resume)
            if conversation.protected:
                raise ProtectedConversationError(PROTECTED)
            return conversation
        return Conversation.start(corpus, engine, self._launch.load_persona())

    async def _notice_other_model(self, conversation: Conversation) -> None:
        """Say on standard error where another model made the last reply, and how to go on with that one."""
        made = conversation.model_of_last_reply
        if made is not None:
            from chat_personas.reporting.models_found import OPTION, how_to_go_on_with

            find = self._launch.find_models
            how = await asyncio.to_thread(lambda: how_to_go_on_with(made, find(), command=OPTION))
            next_one = model_described(conversation.engine.info)
            print(f"({how} The next one comes from {next_one}.)", file=sys.stderr, flush=True)
        elif conversation.asked_otherwise:
            said = asked_from_here_on(*conversation.model.asked)
            print(f"({said})", file=sys.stderr, flush=True)

    def _make_monitor(self, conversation: Conversation, corpus: Corpus) -> "Monitor":
        engine = conversation.engine
        monitor = self._launch.make_monitor(engine, conversation.persona, corpus)
        if not is_confirmed(engine.info):
            raise UsageError(
                f"measuring sends the conversation to {engine.info.name} up to {monitor.requests_per_round} more times "
                "at the start and after every reply; agree to that once on the screen (chat with this --model), or "
                "leave out --measure"
            )
        return monitor

    async def _exchange(self, conversation: Conversation, corpus: Corpus) -> int:
        await self._report(conversation, corpus)
        number = 0
        try:
            async with aclosing(input_lines(sys.stdin.fileno())) as lines:
                async for line in lines:
                    number += 1
                    command, *asked = line.split(maxsplit=1) or [""]
                    if command == STEER:
                        await self._steer(conversation, corpus, "".join(asked).strip())
                    elif command:
                        await self._reply(conversation, line.strip())
                        await self._report(conversation, corpus)
        except SteeringError as error:
            raise UsageError(f"line {number}: {error}; {_messages_kept(conversation)}") from error
        except UnreadableLineError as error:
            raise UsageError(f"line {number + 1} {error}; {_messages_kept(conversation)}") from error
        except TooLongError as error:
            raise UsageError(f"line {number} is too long: {error}; {_messages_kept(conversation)}") from error
        except GoneOnElsewhereError as error:
            kept = _messages_kept(conversation)
            why = GROWING_ELSEWHERE if isinstance(error, GrowingElsewhereError) else GONE_ON_ELSEWHERE
            raise CorpusError(f"line {number} was not sent: {why}; {kept}") from error
        if conversation.path:
            await asyncio.to_thread(corpus.check_in_place)
        return DONE

    async def _reply(self, conversation: Conversation, text: str) -> None:
        any_text = False
        async with aclosing(conversation.send(text)) as events:
            async for event in events:
                if isinstance(event, ReplyText):
                    print(printable(event.text), end="", flush=True)
                    any_text = True
                elif isinstance(event, ReplyRecalled):
                    print(RECALLED, end="", flush=True)
                elif isinstance(event, ThoughtEnded):
                    print(
                        f"({thought_in_short(event.thought.text, event.thought.seconds)})", file=sys.stderr, flush=True
                    )
                elif isinstance(event, ReplyEnded):
                    if any_text or event.status == "complete":
                        print("\n", flush=True)
                    _notice(event)
        if self._interrupted:
            raise asyncio.CancelledError

    async def _steer(self, conversation: Conversation, corpus: Corpus, asked: str) -> None:
        """Turn the knob as it is `asked` and measure again, or only say what is on where nothing is asked."""
        if asked:
            await asyncio.to_thread(conversation.knob.obey, asked)
        described = printable(conversation.knob.described())
        if not described:
            described = f"nothing; {printable(await asyncio.to_thread(conversation.knob.how_to_turn))}"
        print(f"(inside the model: {described})", file=sys.stderr, flush=True)
        if self._monitor is not None and self._monitor.engine is not conversation.engine:
            await self._monitor.settle()
            self._monitor = self._make_monitor(conversation, corpus)
            await self._report(conversation, corpus)

    async def _report(self, conversation: Conversation, corpus: Corpus) -> None:
        monitor = self._monitor
        if monitor is None:
            return
        if conversation.unanswered:
            print(f"({NO_WHOLE_REPLY if conversation.grows_elsewhere else NO_REPLY})", file=sys.stderr, flush=True)
            return
        path, context = conversation.path, conversation.context()
        followed = path[-1].id if path else None
        found = await _read_inside(conversation, corpus, context, path) if path else None
        last = None
        estimates_of_round = monitor.measure(context, followed, conversation.id, unspoken=lambda: conversation.unspoken)
        async with aclosing(estimates_of_round) as estimates:
            async for estimate in estimates:
                last = estimate
                _show_progress(estimate)
        if followed is None:
            last = await monitor.ask_unsteered() or last
        if last is not None:
            if sys.stderr.isatty():
                print("\r\x1b[K", end="", file=uncleaned(sys.stderr))
            print(estimate_line(last), file=sys.stderr, flush=True)
        if found is not None:
            print(inside_line(found, None if last is None else last.drift), file=sys.stderr, flush=True)


async def _read_inside(
    conversation: Conversation, corpus: Corpus, context: Sequence[Message], path: "Sequence[MessageRow]"
) -> "Inside | None":
    """Read the reply that ends `context`, the last one of `path`, along the persona's direction, if it has one.

    None where the model shows no states.
    """
    from chat_personas.monitor.inside import needle_of

    needle = await asyncio.to_thread(needle_of, conversation.knob, corpus)
    return None if needle is None else await needle.read(context, path)


def _notice_own_text(conversation: Conversation, engine: Engine) -> None:
    """Say on standard error that a demonstration model hardly follows the persona's own text, if it has any."""
    tables = own_text(conversation.persona)
    if engine.info.demonstration and tables:
        print(f"(demonstration model: {not_followed(tables)})", file=sys.stderr, flush=True)


def _messages_kept(conversation: Conversation) -> str:
    """Say what became of the lines before one that was refused. None after it is sent.

    Without the refused line the conversation would be another than was asked for.
    """
    if not conversation.path:
        return "no message was sent"
    go_on = f"{program()} chat --resume {conversation.id}"
    return f"the messages before it are kept, none after it were sent; continue with {go_on}"


def _show_progress(estimate: "Estimate") -> None:
    if sys.stderr.isatty():
        line = f"\r\x1b[Kmeasuring… {answered_briefly(estimate)}"
        print(line, end="", file=uncleaned(sys.stderr), flush=True)


def _notice(ended: ReplyEnded) -> None:
    """Print on standard error what is unusual about a reply. Raises EngineError: it did not end properly."""
    if ended.dropped_messages:
        left_out = pluralize(ended.dropped_messages, "oldest message")
        print(f"({left_out} left out: the context is too short for all)", file=sys.stderr)
    if ended.status == "error":
        raise EngineError(ended.why or "the model failed; its reply so far is kept")
    if ended.status == "interrupted":
        raise EngineError(
            f"the reply was cut off ({ended.why or 'no reason given'}); its beginning is kept, --resume continues"
        )
    if ended.status == "complete" and ended.why:
        print(f"({printable(ended.why)})", file=sys.stderr)


def estimate_line(estimate: "Estimate") -> str:
    """Return a round of measuring in one line: alignment, drift, reference points, nearest groups, what failed."""
    card = estimate.scorecard
    parts = [estimate.message] if estimate.message else []
    if card is not None and not_shown(card):
        parts.append(why_not_shown(card, estimate))
    elif card is not None:
        if card.scores.alignment is not None:
            parts.append(f"alignment {with_interval(card.scores.alignment)}")
        if card.effect is not None and card.effect.slope is not None and card.effect.slope_sound:
            parts.append(f"{EXAGGERATION} {with_interval(card.effect.slope)}")
        parts += [*_drifted(estimate.drift), *_compared(card, complete=estimate.complete)]
        parts += _nearest(card, complete=estimate.complete)
        invalid = sum(not question.valid for question in card.questions)
        parts += [not_valid(invalid, len(card.questions))] if invalid else []
    if estimate.failures:
        parts.append(f"{len(estimate.failures)} failed: {printable(estimate.failures[0].why)}")
    return f"[turn {estimate.turn}, {_asked(estimate)}] {'; '.join(parts)}"


def _asked(estimate: "Estimate") -> str:
    """Say how many questions were asked this turn, and how many answers of earlier turns count."""
    found = estimate.coverage
    if found is None or not found.older:
        return f"{estimate.answered} of {found.questions if found else estimate.total} questions"
    return f"{found.this_turn} of {found.questions} questions and {found.older} from earlier turns"


def _drifted(drift: "Drift | None") -> Iterator[str]:
    if drift is not None:
        yield ", ".join(drifted(drift))


def _compared(card: "Scorecard", *, complete: bool) -> Iterator[str]:
    """Yield the scores of reference points, the persona's score against the opposite group, and, at the end, doubts."""
    against = card.scores_against_opposite
    opposite = against.group.label if against else ""
    if card.references.population is not None:
        yield f"{EVERYONE} {with_interval(card.references.population.alignment)}"
    if against is not None and card.references.opposite is not None:
        yield f"{answers_of(opposite)} {with_interval(card.references.opposite.alignment)}"
        yield f"{against_opposite(opposite)} {with_interval(against.alignment)}"
    if complete:
        yield from doubts(against, card.references, card.group_sample, of_everyone=card.groups == ())


def _nearest(card: "Scorecard", *, complete: bool) -> Iterator[str]:
    if card.nearest and complete:
        tied = [near.group.label for near in card.nearest if near.tied]
        best = card.nearest[0].alignment
        yield nearest_groups(tied, len(card.nearest), with_interval(best), bounded=best.bounded)
