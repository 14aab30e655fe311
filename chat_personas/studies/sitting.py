"""What the faces of a study share beyond the questions: the talk with the persona, measuring it, and the debriefing."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from math import inf, isnan

from chat_personas.consent import is_confirmed, server_of
from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus, MeasurementRow
from chat_personas.monitor.history import outcomes_of
from chat_personas.monitor.monitor import Estimate, Monitor
from chat_personas.studies.participation import Participation
from chat_personas.studies.steps import Debriefing, Talk
from chat_personas.studies.study import LoadedStudy, people_asked_of
from eval.answers import FloatArray
from eval.engine import Engine
from eval.scoring.distributions import opinion
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Question

SOUND = ("sound", "sound_with_warning")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a person is told at the end about one question; shares are over its options, in the survey's order.

    `people` is the group's real answer, from `n` people (None where the source has shares only). `persona` is what was
    measured after the talk, None where it was not, or not soundly. `before` and `after` are the person's own guesses.
    """

    question: Question
    people: FloatArray
    n: float | None
    persona: FloatArray | None
    before: tuple[float, ...] | None
    after: tuple[float, ...] | None


class Sitting:
    """A participation with the model on which its persona runs."""

    def __init__(self, corpus: Corpus, engine: Engine, way: Participation) -> None:
        self.way = way
        self.conversation: Conversation | None = None
        self._corpus = corpus
        self._engine = engine

    @property
    def turns(self) -> int:
        """How many messages the person has written in the talk."""
        path = self.conversation.path if self.conversation is not None else ()
        return sum(message.role == "user" for message in path)

    @property
    def may_end(self) -> bool:
        """Whether the person has talked enough to go on."""
        return self.turns >= self.way.study.study.conversation.least_turns

    @property
    def must_end(self) -> bool:
        """Whether the person has written as many messages as the study allows."""
        return self.turns >= self.way.study.study.conversation.most_turns

    @property
    def broke_off(self) -> bool:
        """Whether the last reply broke off, as when the model failed or the program was killed."""
        last = self.conversation.path[-1] if self.conversation is not None and self.conversation.path else None
        return last is not None and last.role == "assistant" and last.status in ("error", "interrupted")

    @property
    def why_not_measured(self) -> str | None:
        """Why this model cannot be measured in a study; None where it can."""
        info = self._engine.info
        if info.log_probabilities == "none":
            return "the model gives no log-probabilities"
        if not is_confirmed(info):
            return f"nobody has agreed to probe {server_of(info)}; see: chat-personas study check --help"
        return None

    def open_talk(self, step: Talk) -> Conversation:
        """Begin the talk, or take it up where it broke off; waits for the disk. Nothing is said yet.

        Raises:
            PersonaError, SteeringError, InterventionError: as `Conversation.start`.
            CorpusError: it cannot be stored.
        """
        if step.conversation_id is not None:
            self.conversation = Conversation.resume(self._corpus, self._engine, step.conversation_id, in_study=True)
        else:
            self.conversation = Conversation.start(self._corpus, self._engine, step.persona)
            if (row := self.conversation.unspoken) is not None:
                self.way.attach(row)
        return self.conversation

    async def measure(self) -> AsyncGenerator[Estimate, None]:
        """Measure the persona after its last reply in the talk, with the whole survey: only then it has a verdict.

        Nothing happens where that is done, where it did not reply, and where `why_not_measured` says something.

        Raises:
            EngineError: the model or the server failed.
            CorpusError: the measurement could not be stored.
        """
        conversation = self._talked()
        reply = None if conversation is None else conversation.last_reply
        if conversation is None or reply is None or self.why_not_measured is not None:
            return
        done = self._corpus.measurements_after(conversation.id, reply.id)
        if any(row.complete and row.survey_sha256 == self.way.study.survey.sha256 for row in done):
            return
        monitor = Monitor(
            conversation.engine,
            self.way.study.survey,
            people_asked_of(self.way.study, self.way.row.condition or ""),
            corpus=self._corpus,
            seconds=inf,
            persona=conversation.persona.name,
        )
        context = conversation.context_after(reply)
        async with aclosing(monitor.measure(context, reply.id, conversation.id)) as estimates:
            async for estimate in estimates:
                yield estimate

    def learnt(self, step: Debriefing) -> tuple[Learnt, ...]:
        """Return what the person is told about each question that was guessed."""
        return learnt_from(self._corpus, self.way, step)

    def _talked(self) -> Conversation | None:
        """Return the talk, also where an earlier sitting had it; None without a message in it."""
        if self.conversation is None:
            found = self._corpus.studies.conversation_of(self.way.id)
            if found is not None:
                self.conversation = Conversation.resume(self._corpus, self._engine, found, in_study=True)
        return self.conversation if self.conversation is not None and self.conversation.path else None


def learnt_from(corpus: Corpus, way: Participation, step: Debriefing) -> tuple[Learnt, ...]:
    """Return what a person is told about each question that was guessed; no model is needed for that."""
    study = way.study
    measured = measured_answers(corpus, study, step.conversation_id)
    stages: dict[str, dict[str, tuple[float, ...]]] = {}
    for row in corpus.studies.guesses(way.id):
        stages.setdefault(row.stage, {})[row.question] = row.shares
    before, after = stages.get("guesses_before", {}), stages.get("guesses_after", {})
    found = []
    for question in study.questions:
        figures = human_figures(question, step.groups)
        assert figures is not None, "the study was checked when it was loaded"
        found.append(
            Learnt(
                question,
                people=figures.distribution,
                n=None if isnan(figures.n) else figures.n,
                persona=measured.get(question.id),
                before=before.get(question.id),
                after=after.get(question.id),
            )
        )
    return tuple(found)


def measured_answers(corpus: Corpus, study: LoadedStudy, conversation_id: str | None) -> Mapping[str, FloatArray]:
    """Return the persona's distribution for each question of the study, from the last complete measurement of a talk.

    Nothing where there is none, or it is not sound. A question is left out where its answer is not valid.
    """
    row = last_measurement(corpus, study, conversation_id)
    if row is None or row.verdict not in SOUND:
        return {}
    answers, _ = outcomes_of(corpus.probes(row.id), row.dropped_messages)
    asked = {question.id for question in study.questions}
    opinions = {answer.question_id: opinion(answer, "apart") for answer in answers if answer.question_id in asked}
    return {name: each.distribution for name, each in opinions.items() if each.valid and each.distribution is not None}


def last_measurement(corpus: Corpus, study: LoadedStudy, conversation_id: str | None) -> MeasurementRow | None:
    """Return the last complete measurement of a talk with the study's survey."""
    if conversation_id is None:
        return None
    rows = corpus.measurements(conversation_id)
    return next((row for row in reversed(rows) if row.complete and row.survey_sha256 == study.survey.sha256), None)
