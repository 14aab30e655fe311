"""Measuring beside the dialogue: rounds that give way to what a person types, and the commands that read them.

A round runs before the first message and after each reply, unless it is off or not permitted. It says when it begins,
how far it has come after a silence, and what it has found.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_personas.cli.accessible.dialogue import (
    Action,
    Dialogue,
    NotDoneError,
    Opened,
    as_sentence,
    chosen_number,
)
from chat_personas.conversation.conversation import PROTECTED
from chat_personas.corpus.messages import turns_of
from chat_personas.reporting.explained.in_one_sentence import how_measured
from chat_personas.reporting.explained.sections import (
    SECTIONS,
    Measured,
    UnknownSectionError,
    explain,
    section_named,
    section_names,
)
from chat_personas.reporting.in_sentences import (
    after,
    measured,
    question_read,
    questions_listed,
    spoken,
    under_way,
    whole,
)
from chat_personas.reporting.verdicts import not_shown
from chat_personas.reporting.wording.measurements import NO_REPLY, NO_WHOLE_REPLY, figures_described, sentence
from chat_personas.text import printable
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.monitor.inside import Inside
    from chat_personas.monitor.monitor import Estimate, Monitor
    from chat_personas.monitor.sides import SideMonitors

SECONDS_BETWEEN_COUNTS = 10.0
"""How often it is said how far a round has come."""
IMPOSSIBLE = "This model cannot be measured: it gives no log-probabilities."
OFF = "Measuring is off. /measure on starts it."
NOT_PERMITTED = "Not measuring: the server is on another machine. /measure on asks you first."


@dataclass(frozen=True, slots=True)
class Measurement:
    """The newest estimate of a conversation, after which message, and whether its round was stopped."""

    estimate: "Estimate"
    message_id: str | None
    inside: "Inside | None"
    halted: bool = True


class SideRounds:
    """The rounds about conversations beside the open one: the sides of a debate, the columns of a comparison."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._round: asyncio.Task[None] | None = None

    def stop(self) -> bool:
        """Stop the round; return whether there was one."""
        return self._round is not None and self._round.cancel()

    async def measure(
        self, name: str, monitors: "SideMonitors", place: int, *, gives_way: bool = False, debated: bool = False
    ) -> None:
        """Measure the conversation at a place after its last message, and say what was found, with its `name`.

        `gives_way`: to a line that is typed meanwhile. `debated`: it is a side of a debate.

        Raises:
            EngineError, CorpusError: as `SideMonitors.measure`.
        """
        self._round = asyncio.create_task(_to_the_end(monitors, place))
        arrival = [self._dialogue.next_typed()] if gives_way else []
        with self._dialogue.busy(f"Measuring {name}."):
            try:
                await asyncio.wait({self._round, *arrival}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for waiting in (self._round, *arrival):
                    waiting.cancel()
                await asyncio.wait({self._round})
                found, self._round = self._round, None
        if found.cancelled():
            self._dialogue.say(f"Measuring {name} was stopped.")
        else:
            found.result()
            estimate = monitors.found[place]
            if estimate is None:
                self._dialogue.say(f"{name} was not measured.")
            else:
                self._dialogue.say(measured(estimate, name) if debated else f"{name}. {measured(estimate)}")


async def _to_the_end(monitors: "SideMonitors", place: int) -> None:
    async with aclosing(monitors.measure(place)) as estimates:
        async for _ in estimates:
            pass


class Measuring:
    """The rounds of the open conversation, the newest measurement, and whether any is `wanted`."""

    def __init__(
        self, opened: Opened, dialogue: Dialogue, read: Callable[[], Awaitable[bool]], *, wanted: bool
    ) -> None:
        """Prepare; `read` does what the next line asks for if it only reads, and returns whether it did."""
        self.wanted = wanted
        self._read = read
        self._opened = opened
        self._dialogue = dialogue
        self._round: asyncio.Task[None] | None = None
        self._measurement: Measurement | None = None
        self._panel_named = False
        self._read_last = 1  # the number of the question that /question read last

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about measuring do."""
        return {
            "measure": self._start_or_stop,
            "panel": self._panel,
            "explain": self._explain,
            "question": self._question,
        }

    @property
    def obstacle(self) -> str | None:
        """Why nothing is measured although it is wanted, as a sentence; None where nothing is in the way."""
        if self._opened.conversation.protected:
            return f"{sentence(PROTECTED)} It is not measured here."
        return self.why_none if self.wanted else None

    @property
    def why_none(self) -> str | None:
        """Why no conversation of this sitting is measured, as a sentence; None where they are."""
        if not self._possible:
            return IMPOSSIBLE
        if not self.wanted:
            return OFF
        return None if self._permitted else NOT_PERMITTED

    def forget(self) -> None:
        """Forget the newest measurement, because it is about another conversation or model."""
        self._measurement = None

    def stop(self) -> bool:
        """Stop the round; return whether there was one."""
        return self._round is not None and self._round.cancel()

    async def measure(self) -> None:
        """Measure the conversation as it is, unless that is off, or a line waits already."""
        if not (self.wanted and self._possible and self._permitted):
            return
        if self._opened.conversation.unanswered:
            grows = self._opened.conversation.grows_elsewhere
            self._dialogue.say(sentence(NO_WHOLE_REPLY if grows else NO_REPLY))
            return
        if self._dialogue.hurried:
            when = after(self._turn, self._side)
            self._dialogue.say(f"Not measured {when}, because your line goes first.")
            return
        monitor = await self._opened.session.open_monitor()
        if monitor is not None:
            await self._measure_until_typed(monitor)

    async def _measure_until_typed(self, monitor: "Monitor") -> None:
        """Measure until all is asked, a line is typed that does more than read, or the round is stopped.

        What was found is said.
        """
        self._dialogue.doing = "Measuring."
        self._dialogue.say("Measuring." if self._panel_named else "Measuring. You can write meanwhile.")
        self._round = asyncio.create_task(self._measure_round(monitor))
        try:
            while not await self._ended_first(self._round) and await self._read():
                pass
        finally:
            stopped = self._dialogue.doing
            self._dialogue.doing = ""
            self._round.cancel()
            await asyncio.wait({self._round})
            found, self._round = self._round, None
        self._conclude(found, stopped)

    async def _ended_first(self, measuring: "asyncio.Task[None]") -> bool:
        """Wait until the round has ended, or a line waits; return whether it has ended."""
        arrival = self._dialogue.next_typed()
        try:
            if not self._dialogue.hurried:
                await asyncio.wait({measuring, arrival}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()
        return measuring.done()

    def _conclude(self, found: "asyncio.Task[None]", stopped: str) -> None:
        """Say what a round has found, why it failed, or how far it came. Raises what is not an error of the model."""
        if found.cancelled():
            self._dialogue.say(f"{stopped} Stopped there.{' /measure goes on.' if self._turn else ''}")
            return
        error = found.exception()
        if isinstance(error, ReportedError):
            self._dialogue.say(f"Not measured. {as_sentence(error)}")
        elif error is not None:
            raise error
        elif (newest := self._newest) is not None:
            named = "" if self._panel_named else " /panel reads all of it."
            self._panel_named = True
            self._dialogue.say(measured(newest.estimate, self._side) + named)

    @property
    def _turn(self) -> int:
        path = self._opened.conversation.path
        return turns_of(path)[path[-1].id] if path else 0

    @property
    def _side(self) -> str:
        return self._opened.conversation.side

    async def _measure_round(self, monitor: "Monitor") -> None:
        conversation = self._opened.conversation
        path, context = conversation.path, conversation.context()  # both are of one moment: more may be said meanwhile
        last = path[-1].id if path else None
        inside = None if last is None else await self._opened.session.read_inside(context, path)
        estimates_of_round = monitor.measure(context, last, conversation.id, unspoken=lambda: conversation.unspoken)
        async with aclosing(estimates_of_round) as estimates:
            said = time.monotonic()
            async for estimate in estimates:
                said = self._take(Measurement(estimate, last, inside, not estimate.complete), said)
        if last is None:
            compared = await monitor.ask_unsteered()
            if compared is not None:
                self._take(Measurement(compared, last, inside, halted=False), said)

    def _take(self, found: Measurement, said: float) -> float:
        """Keep an estimate, and say how far the round has come after a silence; return when that was said last."""
        estimate = found.estimate
        if estimate.scorecard is not None or estimate.complete or self._newest is None:
            self._measurement = found
        if not estimate.complete:
            self._dialogue.doing = under_way(estimate)
            if time.monotonic() - said > SECONDS_BETWEEN_COUNTS:
                self._dialogue.say(self._dialogue.doing)
                return time.monotonic()
        return said

    async def _start_or_stop(self, wanted: str) -> None:
        word = wanted.casefold()
        if word not in ("", "on", "off"):
            raise NotDoneError("Write /measure on, /measure off, or /measure alone to measure now.")
        if word == "off":
            self.wanted = False
            raise NotDoneError(OFF)
        if not self._possible:
            raise NotDoneError(IMPOSSIBLE)
        if not word and not self.wanted:
            raise NotDoneError(OFF)
        if not self._permitted:
            await self._ask_permission()
        self.wanted = True
        await self.measure()

    async def _ask_permission(self) -> None:
        """Ask whether the server on another machine may be probed, and remember a yes. Raises NotDoneError at a no."""
        info = self._opened.engine.info
        monitor = await self._opened.session.open_monitor()
        requests = monitor.requests_per_round if monitor is not None else 0
        if not await self._dialogue.confirm(
            f"{printable(info.name)} is on another machine. Measuring sends this conversation to it again, in up to "
            f"{requests} requests at the start and after each reply, which may cost money. Measure?"
        ):
            raise NotDoneError("Nothing is measured.")
        self._opened.launch.remember_probing(info)

    async def _panel(self, _: str) -> None:
        found = self._measurement_now()
        estimate, halted = found.estimate, found.halted and self._round is None
        self._dialogue.say(*whole(estimate, self._people, self._source, found.inside, halted=halted, side=self._side))

    async def _explain(self, words: str) -> None:
        """Say what a section of the panel means; without `words` the first one, and which others there are."""
        try:
            section = section_named(words) if words else next(iter(SECTIONS))
        except UnknownSectionError as error:
            raise NotDoneError(str(error)) from None
        found = self._measurement_now()
        explanation = explain(section, self._as_shown(found))
        self._dialogue.say(f"{explanation.title}.", *map(spoken, explanation.says))
        self._dialogue.say(*(f"The term {word}: {spoken(meaning)}" for word, meaning in explanation.words))
        self._dialogue.say(f"More in {explanation.page}.")
        if not words:
            self._dialogue.say(f"/explain SECTION explains one of: {section_names()}.")

    def _as_shown(self, found: Measurement) -> Measured:
        survey = self._opened.launch.loaded_survey.survey
        return Measured(
            self._people,
            found.estimate,
            found.estimate.scorecard,
            complete=not found.halted,
            source=self._source,
            inside=found.inside,
            question=self._read_last,
            stems={question.id: question.stem for question in survey.questions},
            remarks=tuple(how_measured(self._opened.conversation)),
            side=self._side,
            hidden=self._opened.session.guessed,
        )

    @property
    def _source(self) -> str:
        survey = self._opened.launch.loaded_survey.survey
        return f"{printable(survey.title)}: {figures_described(survey)}"

    async def _question(self, number: str) -> None:
        card = self._measurement_now().estimate.scorecard
        if card is None or not card.questions:
            raise NotDoneError("No question was answered yet.")
        stems = {question.id: question.stem for question in self._opened.launch.loaded_survey.survey.questions}
        guessed = self._opened.session.guessed
        if not number:
            self._dialogue.say(*questions_listed(card, stems, guessed), "/question NUMBER reads one with all shares.")
            return
        place = chosen_number(number, len(card.questions), "questions")
        question, self._read_last = card.questions[place - 1], place
        stem = stems.get(question.id, question.id)
        sound, hidden = not not_shown(card), question.id == guessed
        self._dialogue.say(*question_read(question, place, stem, self._people, sound=sound, hidden=hidden))

    @property
    def _people(self) -> str:
        return " and ".join(group.label for group in self._opened.conversation.persona.groups) or "everyone"

    @property
    def _newest(self) -> Measurement | None:
        """The newest measurement if it is about the path: not if it followed a reply of another version."""
        found = self._measurement
        here = {None, *(message.id for message in self._opened.conversation.path)}
        return found if found is not None and found.message_id in here else None

    def _measurement_now(self) -> Measurement:
        """Return the newest measurement, and say after which turn it was made where that is not the last one.

        Raises:
            NotDoneError: there is none of this path.
        """
        found, path = self._newest, self._opened.conversation.path
        if found is None and self._measurement is not None:
            how = "/measure" if self.wanted else "/measure on"
            raise NotDoneError(f"The newest measurement is about another version. {how} measures this one.")
        if found is None:
            state = "Nothing was measured yet." if self.wanted else "Nothing was measured. /measure on starts it."
            raise NotDoneError(state)
        if found.message_id != (path[-1].id if path else None):
            when = after(found.estimate.turn, self._side)
            self._dialogue.say(f"This was measured {when}. Messages have followed since.")
        return found

    @property
    def _possible(self) -> bool:
        return self._opened.engine.info.log_probabilities != "none"

    @property
    def _permitted(self) -> bool:
        return self._opened.launch.probing_confirmed(self._opened.engine.info)
