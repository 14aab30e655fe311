"""A round of probes as rows of the corpus.

Rounds of probes on their way into the corpus; the one before the first message waits until something was said.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from chat_personas import __version__
from chat_personas.corpus.rows import GroupRow, MeasurementRow, ProbeRow
from chat_personas.monitor.history import EarlierRound, EarlierRounds
from eval.answers import Answer, Failure
from eval.engine import ORDERS, EngineInfo
from eval.scoring.results import Score
from eval.surveys.loading import LoadedSurvey
from personas import Group

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus


class _Ended(NamedTuple):
    row: "MeasurementRow"
    probes: Sequence["ProbeRow"]
    found: EarlierRound


class RoundRecorder:
    """Keeps rounds that are over. A conversation in which nobody says anything leaves nothing, its rounds neither."""

    def __init__(self, corpus: "Corpus", earlier: EarlierRounds) -> None:
        """Keep rounds in `corpus`, and let `earlier` know which it holds."""
        self._corpus = corpus
        self._earlier = earlier
        self._waiting: list[_Ended] = []
        self._lock = threading.Lock()

    def keep(self, row: "MeasurementRow", probes: Sequence["ProbeRow"], found: EarlierRound) -> None:
        """Keep a round now or, if it followed no message, as soon as its conversation is in the corpus.

        Raises:
            CorpusError: it could not be written.
        """
        ended = _Ended(row, probes, found)
        if row.message_id is not None:
            self._write(ended)
            return
        self._earlier.remember(None, found)
        with self._lock:
            self._waiting.append(ended)
        self.keep_waiting()

    def keep_waiting(self) -> None:
        """Keep the rounds whose conversation has begun meanwhile. Raises CorpusError; then it may be tried again."""
        from chat_personas.corpus.errors import UnknownConversationError

        with self._lock:
            while self._waiting:
                try:
                    self._corpus.conversation(self._waiting[0].row.conversation_id)
                except UnknownConversationError:
                    return
                self._write(self._waiting[0])
                del self._waiting[0]

    def _write(self, ended: _Ended) -> None:
        self._corpus.add_measurement(ended.row, ended.probes)
        self._earlier.remember(ended.row.id, ended.found)


def measurement_row(
    conversation_id: str,
    message_id: str | None,
    survey: LoadedSurvey,
    groups: Sequence[Group],
    info: EngineInfo,
    alignment: Score | None,
    *,
    expression: str,
    complete: bool,
    seed: int,
    began: datetime,
    dropped_messages: int,
) -> MeasurementRow:
    """Return the round's own row: what was measured, with what, and the alignment over what this round asked."""
    return MeasurementRow(
        conversation_id=conversation_id,
        message_id=message_id,
        survey=survey.survey.name,
        survey_sha256=survey.sha256,
        expression=expression,
        groups=tuple(GroupRow(attribute=group.attribute, value=group.value) for group in groups),
        complete=complete,
        alignment=alignment.mean if alignment is not None else None,
        alignment_low=alignment.low if alignment is not None else None,
        alignment_high=alignment.high if alignment is not None else None,
        engine=info.engine,
        model=info.name,
        model_sha256=info.sha256,
        quantization=info.quantization,
        template_sha256=info.template_sha256,
        flash_attention=info.flash_attention,
        seed=seed,
        dropped_messages=dropped_messages,
        seconds=(datetime.now(UTC) - began).total_seconds(),
        program_version=__version__,
    )


def probe_rows(answers: Sequence[Answer], failures: Sequence[Failure]) -> list[ProbeRow]:
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
