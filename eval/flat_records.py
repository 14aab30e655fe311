"""Reports, matrices and comparisons as flat records, such as `pandas.DataFrame` takes: no nesting, equal keys.

The documents themselves are nested, as one question has several options and a score has an interval; `model_dump()` of
a document returns that. What is not there is None in a record, never a key that lacks.
"""

from collections.abc import Iterable, Iterator

from eval.compare.models import Differences, PairedDifference, PairedReport
from eval.matrix.models import MatrixReport
from eval.report import GroupName, QuestionInfo, Report, Score

Record = dict[str, str | int | float | bool | None]


def rows(*documents: Report | MatrixReport | PairedReport) -> list[Record]:
    """Return the records of documents of one kind, one after the other, all with the same keys.

    A report has a record for each question that was put: those with a distribution first, then those without, for
    which `failure` says why. A matrix has one for each row and group that it is compared with; a comparison has one
    for each of its differences, alignment and total variation, over the questions that are valid in both. `low`
    and `high` are the ends of 95% intervals, None where there is none.

    Raises:
        TypeError: the documents are of several kinds, which have not the same keys.
    """
    if len({type(document) for document in documents}) > 1:
        raise TypeError("rows takes documents of one kind: reports, matrices or comparisons")
    return [record for document in documents for record in _rows(document)]


def option_rows(*reports: Report) -> list[Record]:
    """Return a record for each option of each answered question: what people and the model answered.

    `human` and `model` are shares of the options in the survey's order, normalised as in the report; `survey_order`
    and `reversed_order` are the model's in one option order, None where it was not asked in orders, or refused.
    """
    return [
        {
            "persona": report.persona.name,
            "steering": report.steering,
            "expression": report.expression,
            "question": question.id,
            **option,
        }
        for report in reports
        for question in report.questions
        for option in _options(question)
    ]


def _rows(document: Report | MatrixReport | PairedReport) -> Iterator[Record]:
    match document:
        case Report():
            return _of_report(document)
        case MatrixReport():
            return _of_matrix(document)
        case PairedReport():
            return _of_comparison(document)


def _of_report(report: Report) -> Iterator[Record]:
    made: Record = {
        "persona": report.persona.name,
        "groups": _names(report.persona.groups),
        "model": report.model.name,
        "survey": report.survey.name,
        "steering": report.steering,
        "expression": report.expression,
        "verdict": report.verdict.finding,
    }
    for question in report.questions:
        yield made | _question(question)
    refused = {each.id: each for each in report.refused}
    for failure in report.failures:
        record = made | dict.fromkeys(_QUESTION_KEYS) | {"question": failure.id, "failure": failure.why}
        if (only := refused.get(failure.id)) is not None:
            record |= {
                "refusal": 1.0,
                "human_refusal": only.human_refusal,
                "label_mass": only.label_mass,
                "valid": only.valid,
            }
        yield record


_QUESTION_KEYS = (
    "question",
    "topics",
    "options",
    "human_n",
    "alignment",
    "total_variation",
    "order_bias",
    "refusal",
    "human_refusal",
    "label_mass",
    "valid",
    "failure",
)


def _question(question: QuestionInfo) -> Record:
    values = (
        question.id,
        "; ".join(question.topics),
        len(question.options),
        question.human_n,
        question.alignment,
        question.total_variation,
        question.order_bias,
        question.refusal,
        question.human_refusal,
        question.label_mass,
        question.valid,
        None,
    )
    return dict(zip(_QUESTION_KEYS, values, strict=True))


def _options(question: QuestionInfo) -> Iterator[Record]:
    by_order = {each.order: each.model for each in question.by_order}
    columns = {
        "human": question.human,
        "model": question.model,
        "survey_order": by_order.get("survey"),
        "reversed_order": by_order.get("reversed"),
    }
    for place, (option, ordinal) in enumerate(zip(question.options, question.ordinal, strict=True)):
        shares = {name: None if column is None else column[place] for name, column in columns.items()}
        yield {"option": option, "ordinal": ordinal, **shares}


def _of_matrix(matrix: MatrixReport) -> Iterator[Record]:
    for row in matrix.rows:
        for target, cell in zip(matrix.targets, row.cells, strict=True):
            yield {
                "model": matrix.model.name,
                "survey": matrix.survey.name,
                "expression": matrix.expression,
                "persona": row.name,
                "steering": row.steering,
                "groups": _names(row.groups),
                "attribute": None if target.group is None else target.group.attribute,
                "value": None if target.group is None else target.group.value,
                **_interval("alignment", cell.alignment),
                **_interval("confusion", cell.confusion),
                "verdict": row.verdict.finding,
                "questions": len(matrix.questions),
                "not_valid": row.not_valid,
            }


def _of_comparison(comparison: PairedReport) -> Iterator[Record]:
    for measure, difference in _by_measure(comparison.difference).items():
        yield {
            "survey": comparison.survey,
            "a": comparison.a.file,
            "b": comparison.b.file,
            "persona_a": comparison.a.persona,
            "persona_b": comparison.b.persona,
            "over": "valid in both",
            "measure": measure,
            "mean": difference.mean if difference else None,
            "low": difference.low if difference else None,
            "high": difference.high if difference else None,
            "p": difference.p if difference else None,
            "questions": difference.questions if difference else 0,
        }


def _by_measure(differences: Differences) -> dict[str, PairedDifference | None]:
    return {"alignment": differences.alignment, "total_variation": differences.total_variation}


def _interval(name: str, score: Score | None) -> Record:
    return {
        name: score.mean if score else None,
        f"{name}_low": score.low if score else None,
        f"{name}_high": score.high if score else None,
    }


def _names(groups: Iterable[GroupName]) -> str:
    """Return groups as one text, such as `POLPARTY=Democrat and SEX=Female`; without any it is everyone."""
    return " and ".join(f"{group.attribute}={group.value}" for group in groups) or "everyone"
