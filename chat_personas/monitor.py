"""The live probing of a conversation: when, which probes, and the running estimate.

After each reply a round puts every question of the survey to the persona on a branch of the context, out of band. The
questions come in one seeded order, the same in every round, so that the part of a round that is done covers the topics
evenly and rounds compare question by question. A round that is cancelled keeps what it measured.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from eval.answers import Answer, Failure
from eval.engine import Engine, Message
from eval.expression.log_probability import ask
from eval.figures import human_figures
from eval.rendering import ORDERS
from eval.scoring import Scorecard, score

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from eval.intervals import Interval
    from eval.survey import LoadedSurvey
    from personas import Group

EXPRESSION = "log_probability"
SECONDS_BETWEEN_ESTIMATES = 0.4
NO_FIGURES = "no human figures for this group"
UNSTEERED = "no group: compared with everyone"


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """Alignment after one turn of the conversation; turn 0 is before anything was said."""

    turn: int
    alignment: "Interval"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known so far in a round.

    `done` of `total` questions are answered or failed. `scorecard` is None until the first answer. `message` says
    what is missing or particular, for the screen. `complete` marks the last estimate of a round.
    """

    scorecard: Scorecard | None
    done: int
    total: int
    complete: bool
    failures: tuple[Failure, ...] = ()
    course: tuple[CoursePoint, ...] = ()
    message: str | None = None


class Monitor:
    """Measures one persona in one conversation. It holds the course; conversations do not share one."""

    def __init__(
        self,
        engine: Engine,
        survey: "LoadedSurvey",
        groups: Sequence["Group"],
        *,
        corpus: "Corpus | None" = None,
        seed: int = 0,
    ) -> None:
        """Prepare to measure `groups` (empty: everyone) with every question of `survey`.

        Rounds are recorded in `corpus` if one is given. `seed` fixes the order of the questions and the resampling.
        """
        self._engine = engine
        self._survey = survey
        self._groups = tuple(groups)
        self._corpus = corpus
        self._seed = seed
        self._course: dict[int, CoursePoint] = {}
        self._questions = random.Random(seed).sample(survey.survey.questions, len(survey.survey.questions))
        self._has_figures = any(human_figures(question, self._groups) for question in self._questions)

    @property
    def survey(self) -> "LoadedSurvey":
        """The survey that is asked."""
        return self._survey

    @property
    def requests_per_round(self) -> int:
        """How many requests one round makes to a server: every question in both option orders."""
        return len(self._questions) * len(ORDERS)

    @property
    def message(self) -> str | None:
        """What a person must know about this comparison, or None."""
        if not self._has_figures:
            return f"{NO_FIGURES} in the survey {self._survey.survey.name}"
        return None if self._groups else UNSTEERED

    async def measure(self, context: Sequence[Message], message_id: str | None) -> AsyncGenerator[Estimate, None]:
        """Ask all questions after `context` and yield the estimate as it grows; the last one is complete.

        The round is recorded under `message_id`, the message that it followed, also when it is stopped half-way. Before
        anything was said there is no message, and no record.

        Raises:
            EngineError: the model or the server failed.
            CorpusError: the round could not be recorded.
        """
        answers: list[Answer] = []
        failures: list[Failure] = []
        began = datetime.now(UTC)
        scorecard: Scorecard | None = None
        yielded = 0.0
        asked = ask(self._engine, context, self._questions)
        try:
            yield self._estimate(None, answers, failures, complete=False)
            async for outcome in asked:
                (answers if isinstance(outcome, Answer) else failures).append(outcome)  # type: ignore[arg-type]
                if time.monotonic() - yielded >= SECONDS_BETWEEN_ESTIMATES:
                    scorecard = await self._score(answers)
                    yield self._estimate(scorecard, answers, failures, complete=False)
                    yielded = time.monotonic()
            scorecard = await self._score(answers)
            self._extend_course(context, scorecard)
            yield self._estimate(scorecard, answers, failures, complete=True)
        finally:
            if isinstance(asked, AsyncGenerator):
                await asked.aclose()
            self._record(message_id, answers, failures, scorecard, began)

    async def _score(self, answers: Sequence[Answer]) -> Scorecard | None:
        if not answers:
            return None
        groups = self._groups if self._has_figures else None
        return await asyncio.to_thread(score, self._survey.survey, groups, tuple(answers), seed=self._seed)

    def _estimate(
        self, scorecard: Scorecard | None, answers: Sequence[Answer], failures: Sequence[Failure], *, complete: bool
    ) -> Estimate:
        return Estimate(
            scorecard=scorecard,
            done=len(answers) + len(failures),
            total=len(self._questions),
            complete=complete,
            failures=tuple(failures),
            course=tuple(self._course[turn] for turn in sorted(self._course)),
            message=self.message,
        )

    def _extend_course(self, context: Sequence[Message], scorecard: Scorecard | None) -> None:
        alignment = scorecard.scores.alignment if scorecard is not None else None
        if alignment is not None:
            turn = sum(message.role == "user" for message in context)
            self._course[turn] = CoursePoint(turn, alignment)

    def _record(
        self,
        message_id: str | None,
        answers: Sequence[Answer],
        failures: Sequence[Failure],
        scorecard: Scorecard | None,
        began: datetime,
    ) -> None:
        if self._corpus is None or message_id is None or not (answers or failures):
            return
        from chat_personas.measurement_record import measurement_row, probe_rows

        row = measurement_row(
            message_id,
            self._survey,
            self._groups,
            self._engine.info,
            scorecard,
            expression=EXPRESSION,
            complete=len(answers) + len(failures) == len(self._questions),
            seed=self._seed,
            began=began,
        )
        self._corpus.add_measurement(row, probe_rows(answers, failures))
