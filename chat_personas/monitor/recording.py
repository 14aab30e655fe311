"""Recording rounds: as rows of the corpus, and in the history that later rounds look back on."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from chat_personas import __version__
from chat_personas.corpus.errors import UnknownConversationError
from chat_personas.corpus.rows import GroupRow, MeasurementRow, ProbeRow
from chat_personas.monitor.history import EarlierRound, Measure, RepeatedRound, RoundHistory, RoundPlace
from chat_personas.monitor.round import ProbeRound
from eval.answers import Answer, Failure
from eval.engine import ORDERS
from eval.scoring.distributions import opinion
from eval.scoring.intervals import Bootstrap
from eval.scoring.scores import verdict_of

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus


class _Unwritten(NamedTuple):
    """A round on its way into the corpus."""

    row: MeasurementRow
    probes: Sequence[ProbeRow]
    place: RoundPlace
    ended: EarlierRound
    found: RepeatedRound


class RoundRecorder:
    """Records the rounds of a conversation. All methods wait for the disk, and may be called from any thread.

    The round before the first message waits in memory until the conversation is in the corpus: a conversation in which
    nobody says anything leaves no rows behind.
    """

    def __init__(self, corpus: "Corpus | None", history: RoundHistory, measure: Measure) -> None:
        """Record in `corpus`, if there is one, what `measure` describes, and let `history` know of it."""
        self._corpus = corpus
        self._history = history
        self._measure = measure
        self._waiting: list[_Unwritten] = []
        self._lock = threading.Lock()

    def record(self, found: ProbeRound) -> None:
        """Record a round that has ended, complete or not. One that asked nothing itself adds nothing.

        Raises:
            CorpusError: it could not be written.
        """
        if not found.asked_now:
            return
        place, ended = found.place, found.ended(self._measure)
        if self._corpus is None or place.conversation_id is None:
            self._history.record(place, ended, found.so_far)
            return
        row, probes = self._row(place.conversation_id, found, ended), _probe_rows(found.answers, found.failures)
        unwritten = _Unwritten(row, probes, place, ended, found.so_far)
        if place.message_id is not None:
            self._write(self._corpus, unwritten)
            return
        self._history.record(place, ended, found.so_far)
        with self._lock:
            self._waiting.append(unwritten)
        self.flush()

    def flush(self) -> None:
        """Write the rounds that wait and whose conversation is in the corpus by now.

        Raises:
            CorpusError: a round could not be written. It goes on waiting.
        """
        if self._corpus is None:
            return
        with self._lock:
            while self._waiting:
                first = self._waiting[0]
                try:
                    self._corpus.conversation(first.row.conversation_id)
                except UnknownConversationError:
                    return
                self._write(self._corpus, first)
                del self._waiting[0]

    def _write(self, corpus: "Corpus", unwritten: _Unwritten) -> None:
        corpus.add_measurement(unwritten.row, unwritten.probes)
        self._history.record(unwritten.place, unwritten.ended, unwritten.found, unwritten.row.id)

    def _row(self, conversation_id: str, found: ProbeRound, ended: EarlierRound) -> MeasurementRow:
        """Return what was measured, by what means, and the alignment over the questions of this round alone."""
        measure, model = self._measure, self._measure.model
        bootstrap = Bootstrap(measure.seed)
        alignment = bootstrap.mean(ended.values.alignments)
        verdict = verdict_of(
            {answer.question_id: opinion(answer, "apart") for answer in found.answers},
            bootstrap,
            orders_asked=True,
            judge_unreliable=False,
        )
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
            flash_attention=model.flash_attention,
            seed=measure.seed,
            dropped_messages=found.dropped_messages,
            seconds=(datetime.now(UTC) - found.began).total_seconds(),
            program_version=__version__,
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
