"""Recording rounds: as rows of the corpus, and in the history that later rounds look back on."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chat_personas import __version__
from chat_personas.corpus.errors import ConversationGoneError, CorpusError, UnknownConversationError
from chat_personas.corpus.rows import GroupRow, MeasurementRow, ProbeRow
from chat_personas.monitor.drift import verdict_of_round
from chat_personas.monitor.history import EarlierRound, Measure, RepeatedRound, RoundHistory, RoundPlace
from chat_personas.monitor.round import ProbeRound
from eval.answers import Answer, Failure
from eval.engine import ORDERS
from eval.scoring.intervals import Bootstrap

if TYPE_CHECKING:
    from chat_personas.corpus import ConversationRow, Corpus


Unspoken: TypeAlias = Callable[[], "ConversationRow | None"]


class _Unwritten(NamedTuple):
    """A round on its way into the corpus."""

    row: MeasurementRow
    probes: Sequence[ProbeRow]
    place: RoundPlace
    ended: EarlierRound
    found: RepeatedRound
    unspoken: Unspoken


class RoundRecorder:
    """Records the rounds of a conversation. All methods wait for the disk, and may be called from any thread.

    The round before the first message adds its conversation to the corpus. Where that is not known, it waits in memory
    until there is a message. What could not be written waits, too: `flush` tries again.
    """

    def __init__(
        self, corpus: "Corpus | None", history: RoundHistory, measure: Measure, persona: str | None = None
    ) -> None:
        """Record in `corpus`, if there is one, what `measure` describes, and let `history` know of it.

        `persona` is the name of the persona that is measured, None where the conversation tells.
        """
        self._persona = persona
        self._corpus = corpus
        self._history = history
        self._measure = measure
        self._waiting: list[_Unwritten] = []
        self._failure: CorpusError | None = None
        self._lock = threading.Lock()

    @property
    def unwritten(self) -> CorpusError | None:
        """Why a round that waits could not be written when it ended; None where there is none."""
        return self._failure

    def record(self, found: ProbeRound, unspoken: Unspoken = lambda: None) -> None:
        """Record a round that has ended, complete or not. One that asked nothing itself adds nothing.

        `unspoken` gives the conversation itself as long as it has no message: the round then adds it to the corpus.

        Raises:
            CorpusError: it could not be written. It waits.
        """
        if not found.asked_now:
            return
        place, ended = found.place, found.ended(self._measure)
        if self._corpus is None or place.conversation_id is None:
            self._history.record(place, ended, found.so_far)
            return
        row, probes = self._row(place.conversation_id, found, ended), _probe_rows(found.answers, found.failures)
        unwritten = _Unwritten(row, probes, place, ended, found.so_far, unspoken)
        if place.message_id is None:
            self._history.record(place, ended, found.so_far)
        with self._lock:
            self._waiting.append(unwritten)
        self.flush()

    def flush(self) -> None:
        """Write the rounds that wait, but for those whose conversation is not known and not in the corpus yet.

        Raises:
            CorpusError: a round could not be written. It goes on waiting.
        """
        if self._corpus is None:
            return
        with self._lock:
            for one in [*self._waiting]:
                try:
                    written = self._written(self._corpus, one)
                except ConversationGoneError:
                    self._waiting.remove(one)
                    raise
                except CorpusError as error:
                    self._failure = error
                    raise
                if written:
                    self._waiting.remove(one)
            self._failure = None

    def _written(self, corpus: "Corpus", one: _Unwritten) -> bool:
        """Write a round; return False where its conversation is not in the corpus yet."""
        new = one.unspoken()
        if one.place.message_id is None and new is None:
            try:
                corpus.conversation(one.row.conversation_id)
            except UnknownConversationError:
                return False
        corpus.add_measurement(one.row, one.probes, new=new)
        self._history.record(one.place, one.ended, one.found, one.row.id)
        return True

    def _row(self, conversation_id: str, found: ProbeRound, ended: EarlierRound) -> MeasurementRow:
        """Return what was measured, by what means, and the alignment over the questions of this round alone."""
        measure, model = self._measure, self._measure.model
        alignment = Bootstrap(measure.seed).mean(ended.values.alignments)
        verdict = verdict_of_round(measure.survey.survey.questions, found.answers, measure.seed)
        agreement = verdict.order_agreement
        return MeasurementRow(
            conversation_id=conversation_id,
            message_id=found.place.message_id,
            survey=measure.survey.survey.name,
            survey_sha256=measure.survey.sha256,
            expression=measure.expression,
            groups=tuple(GroupRow(attribute=group.attribute, value=group.value) for group in measure.groups),
            complete=found.finished,
            alignment=alignment.mean if alignment is not None else None,
            alignment_low=alignment.low if alignment is not None else None,
            alignment_high=alignment.high if alignment is not None else None,
            verdict=verdict.finding,
            order_agreement=agreement.mean if agreement is not None else None,
            order_agreement_low=agreement.low if agreement is not None else None,
            order_agreement_high=agreement.high if agreement is not None else None,
            engine=model.engine,
            model=model.name,
            model_sha256=model.sha256,
            quantization=model.quantization,
            template_sha256=model.template_sha256,
            prompt_format=model.prompt_format,
            template=model.given_template,
            flash_attention=model.flash_attention,
            interventions=model.interventions,
            seed=measure.seed,
            dropped_messages=found.dropped_messages,
            seconds=(datetime.now(UTC) - found.began).total_seconds(),
            program_version=__version__,
            persona_name=self._persona,
            system_prompt=found.place.system_prompt,
        )


def _probe_rows(answers: Sequence[Answer], failures: Sequence[Failure]) -> list[ProbeRow]:
    """Return a row per question and option order; a question that failed has one in each order, with its reason."""
    answered = [
        ProbeRow(
            question=answer.question_id,
            option_order=order.order,
            options=tuple(order.options.tolist()),
            options_upper=None if order.options_upper is None else tuple(order.options_upper.tolist()),
            refusal=order.refusal,
            label_mass=order.label_mass,
        )
        for answer in answers
        for order in answer.by_order
    ]
    failed = [
        ProbeRow(
            question=failure.question_id,
            option_order=order,
            options=(),
            refusal=None,
            label_mass=None,
            failure=failure.why,
        )
        for failure in failures
        for order in ORDERS
    ]
    return [*answered, *failed]
