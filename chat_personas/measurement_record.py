"""A round of probes as rows of the corpus."""

from collections.abc import Sequence
from datetime import UTC, datetime

from chat_personas import __version__
from chat_personas.corpus.rows import GroupRow, MeasurementRow, ProbeRow
from eval.answers import ORDERS, Answer, Failure
from eval.engine import EngineInfo
from eval.scoring.intervals import Interval
from eval.surveys.loading import LoadedSurvey
from personas import Group


def measurement_row(
    conversation_id: str,
    message_id: str | None,
    survey: LoadedSurvey,
    groups: Sequence[Group],
    info: EngineInfo,
    alignment: Interval | None,
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
