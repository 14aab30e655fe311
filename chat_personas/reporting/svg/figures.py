"""The figures: personas beside their reference points, the rows of a matrix beside every group, and a sweep."""

from collections.abc import Iterable, Iterator, Sequence

from chat_personas.reporting.markup import Element
from chat_personas.reporting.svg.chart import Chart, Point, chart, chart_document
from chat_personas.reporting.svg.forest import Forest, forest, forest_document
from chat_personas.reporting.svg.primitives import (
    ForestBlock,
    ForestRow,
    all_not_shown,
    names,
    standings,
)
from chat_personas.reporting.verdicts import NOT_SOUND, VERDICTS, not_shown, not_shown_briefly, why_not_shown
from chat_personas.reporting.wording.matrix import (
    nothing_shown,
    row_label,
    target_label,
    withheld,
)
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    IDENTICAL,
    REFERENCES_EXPLAINED,
    answers_of,
    groups_label,
    measure_of,
    run_described,
    runs_described,
    sentence,
)
from chat_personas.reporting.wording.steering import (
    COST_EXPLAINED,
    NO_STEERING,
    best_strength,
    intervention_described,
    leaning_explained,
    sweep_rows,
)
from chat_personas.steering.sweep import Step, Sweep
from chat_personas.text import pluralize, printable
from eval.matrix.models import MatrixReport, RowInfo, TargetInfo
from eval.report import FROM_FILE, Report

MEANING = {
    "alignment": f"Alignment with the group's answers: {IDENTICAL['alignment']}.",
    "total_variation": f"Total variation from the group's answers: {IDENTICAL['total_variation']}.",
}


def figure_document(reports: Sequence[Report]) -> str:
    """Return the figure as an SVG file; the same reports give the same bytes.

    It is self-contained: it names survey and model below itself, and says whether the model is a demonstration.
    """
    return forest_document(_drawn(reports, tuple(_circumstances(reports))))


def figure(reports: Sequence[Report]) -> Element:
    """Draw the figure for a page, which names survey and model elsewhere.

    What it is goes into the picture all the same, since a picture is copied without its page.
    """
    return forest(_drawn(reports, tuple(_origin(reports))))


def _drawn(reports: Sequence[Report], circumstances: Sequence[str]) -> Forest:
    """List the personas by alignment, or by total variation where no question has ordered options."""
    measure = measure_of(reports)
    parts = [standings(one, measure, name) for one, name in zip(reports, names(reports), strict=True)]
    return Forest(measure, MEANING[measure], parts, circumstances)


def _circumstances(reports: Sequence[Report]) -> Iterator[str]:
    yield from _origin(reports)
    yield from map(sentence, (*runs_described(reports), *all_not_shown(reports)))
    yield sentence(REFERENCES_EXPLAINED)
    if any(report.model.demonstration for report in reports):
        yield sentence(DEMONSTRATION)


def _origin(reports: Sequence[Report]) -> Iterator[str]:
    """Yield that this is no poll, the years of the people's figures, and what the verdict on each report is."""
    yield simulated(*reports)
    said = [VERDICTS.get(report.verdict.finding) or not_shown_briefly(report) for report in reports]
    if len(set(said)) == 1:
        yield f"Verdict: {said[0]}."
    else:
        yield f"Verdicts: {'; '.join(f'{name}: {each}' for name, each in zip(names(reports), said, strict=True))}."


def simulated(*reports: Report | MatrixReport) -> str:
    """Say that the answers in a picture are not a poll, and from which years the people's answers are."""
    elsewhere = all(report.model.engine == FROM_FILE for report in reports)
    given = [row.name for report in reports if isinstance(report, MatrixReport) for row in report.rows if row.answers]
    made = "Answers from a file, not a poll" if elsewhere else SIMULATED
    return f"{made}{_but_for(given)}. {_asked_in({year for report in reports for year in report.survey.years})}"


SIMULATED = "Simulated by a language model, not a poll"


def _asked_in(all_years: Iterable[int]) -> str:
    years = sorted(all_years)
    people = "–".join(str(year) for year in sorted({years[0], years[-1]})) if years else "years not stated"
    return f"People's answers: {people}."


def _but_for(given: Sequence[str]) -> str:
    """Name the rows of a matrix whose answers are from files, such as those of human annotators."""
    return f" (answers from a file: {', '.join(given)})" if given else ""


MATRIX_MEANING = f"Alignment with each group: {IDENTICAL['alignment']}. Bold: the group that the persona stands for."
PEOPLE = "people: mean over the other groups"


def matrix_figure_document(report: MatrixReport) -> str:
    """Return the figure as a self-contained SVG file; the same matrix gives the same bytes."""
    circumstances = [simulated(report), sentence(run_described(report))]
    if nothing_shown(report):
        circumstances.append(sentence(why_not_shown(report)))
    else:
        circumstances += [sentence(f"{name}: {why}") for name, why in withheld(report)]
    if report.demonstration:
        circumstances.append(sentence(DEMONSTRATION))
    return forest_document(Forest("alignment", MATRIX_MEANING, [*_parts(report)], circumstances))


def matrix_figure(report: MatrixReport) -> Element:
    """Draw the figure for a page, which names survey and model elsewhere."""
    verdict = [f"Verdict: {not_shown_briefly(report)}."] if not_shown(report) else []
    return forest(Forest("alignment", MATRIX_MEANING, [*_parts(report)], [simulated(report), *verdict]))


def _parts(report: MatrixReport) -> Iterator[ForestBlock]:
    answered = pluralize(len(report.questions), "question")
    if nothing_shown(report):
        for row in report.rows:
            yield ForestBlock(row_label(row), answered, not_shown_briefly(report), (), ())
        return
    for row in report.rows:
        if not_shown(row):
            yield ForestBlock(row_label(row), answered, not_shown_briefly(row), (), ())
            continue
        cells = zip(report.targets, row.cells, strict=True)
        rows = tuple(ForestRow(_kind(target, row), target_label(target), cell.alignment) for target, cell in cells)
        yield ForestBlock(row_label(row), answered, "no alignment", rows, ())
    humans = [(target, target.humans) for target in report.targets]
    if all(map(not_shown, report.rows)):
        return
    people = tuple(
        ForestRow("noise_floor", target_label(one), found.mean) for one, found in humans if found is not None
    )
    if people:
        yield ForestBlock(PEOPLE, answered, "", people, ())


def _kind(target: TargetInfo, row: RowInfo) -> str:
    """Choose the mark: filled for the row's own group, a diamond for everyone, open for other groups."""
    if target.group is None:
        return "population"
    return "persona" if row.groups == (target.group,) else "uniform"


def sweep_figure_document(found: Sweep) -> str:
    """Return the chart of a sweep as a self-contained SVG file; the same sweep gives the same bytes."""
    return chart_document(_chart(found))


def sweep_figure(found: Sweep) -> Element:
    """Draw the chart of a sweep: where the answers lean under each strength, and below it what it costs."""
    return chart(_chart(found))


def _point(name: str, step: Step, found: Sweep) -> Point:
    """The model without steering is no place of a clamp: there it stands on the left, as far off as the next place."""
    place, is_none = step.strength, name == NO_STEERING
    if is_none and found.kind != "add":
        places = [each.strength for each in found.steps]
        place = places[0] - ((places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else 1.0)
    leaning = step.leaning if step.verdict.sound else None
    return Point(place, leaning, step.cost.divergence, step.verdict.finding, NO_STEERING if is_none else None)


def _chart(found: Sweep) -> Chart:
    """A strength whose answers are not sound has a cost and no leaning."""
    points = [_point(name, step, found) for name, step in sweep_rows(found)]
    name = intervention_described(found.kind, found.direction.name, found.layers)
    toward, against = (answers_of(groups_label(groups)) for groups in (found.toward, found.against))
    finding = dict.fromkeys(each.finding for each in points)
    verdicts = "; ".join(VERDICTS.get(each) or NOT_SOUND[each] for each in finding)
    several = len(finding) > 1
    held_out = pluralize(len(found.held_out_questions), "question")
    circumstances = [
        sentence(leaning_explained(found.toward, found.against).partition(";")[0]),
        f"Lines: 95% intervals over {held_out} only. {sentence(COST_EXPLAINED)}",
        sentence(best_strength(found)),
        f"{SIMULATED}. {_asked_in(found.survey.years)}",
        f"{'Verdicts' if several else 'Verdict'}: {verdicts}.",
        sentence(f"{name} · model {printable(found.model.name)} · survey {printable(found.survey.name)}"),
    ]
    if found.model.demonstration:
        circumstances.append(sentence(DEMONSTRATION))
    return Chart(name, (toward, against), points, found.best, circumstances)
