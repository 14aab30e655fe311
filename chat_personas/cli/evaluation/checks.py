"""The checks of `eval`: `--fail-under`, and `--fail-if-worse-than` an earlier report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chat_personas.cli.errors import CheckFailedError
from chat_personas.cli.evaluation.output import in_several_expressions
from chat_personas.cli.tables.comparison import print_comparisons
from chat_personas.own_personas import find_persona
from chat_personas.reporting.numbers import below, signed
from chat_personas.reporting.verdicts import not_shown, why_not_shown
from chat_personas.surveys import find_survey
from chat_personas.text import printable
from eval.compare.models import PairedReport
from eval.compare.paired import NamedReport, by_name, is_worse, paired
from eval.errors import ReportError
from eval.report import Report
from eval.report.read import load_reports
from personas.inputs.suggestions import quoted

THIS_RUN = "this evaluation"


def check(
    reports: Sequence[Report], baseline: "Baseline | None", fail_under: float | None, *, seed: int, to_error: bool
) -> None:
    """Make sure that the reports are as good as was asked for.

    Raises:
        CheckFailedError: one is worse than the baseline, or has an alignment below `fail_under`.
    """
    if baseline is not None:
        baseline.check(reports, seed=seed, to_error=to_error)
    if fail_under is not None:
        check_alignment(reports, fail_under)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The reports of an earlier evaluation by persona, and the base name of their file."""

    file: str
    reports: dict[str, Report]

    @classmethod
    def read(cls, file: str, personas: Sequence[str], survey: str) -> "Baseline":
        """Return the reports in `file`, after checking that these personas and this survey can be compared with it.

        Raises:
            ReportError: the file holds no report, lacks a persona, or is on another survey.
            PersonaError, SurveyError: an argument is wrong.
        """
        name = Path(file).name
        baseline = cls(name, by_name(load_reports(file), name))
        sha256 = find_survey(survey).sha256
        for persona in (find_persona(one).persona.name for one in personas):
            if persona not in baseline.reports:
                what = f"{quoted(name)} has no report on the persona {quoted(persona)}"
                raise ReportError(f"{what}; evaluate the same personas for both")
            _check_same_survey(name, baseline.reports[persona], survey, sha256)
        return baseline

    @classmethod
    def of_answers(cls, file: str, scored: Sequence[Report]) -> "Baseline":
        """Return the reports in `file` on the same people as `scored`, reports on answers from a file.

        Raises:
            ReportError: the file holds no report, lacks some people or has them twice, or is on another survey.
        """
        name, earlier = Path(file).name, load_reports(file)
        return cls(name, {report.persona.name: _on_the_same_people(report, earlier, name) for report in scored})

    def check(self, reports: Sequence[Report], *, seed: int, to_error: bool) -> None:
        """Print how each report differs from the earlier one.

        Raises:
            CheckFailedError: the alignment of a persona is worse, cannot be compared, or is not valid in one of the
                reports because the judge errs too often.
            ReportError: a report has no question in common with the earlier one.
        """
        pairs = [
            (NamedReport(self.file, self.reports[report.persona.name]), NamedReport(THIS_RUN, report))
            for report in reports
        ]
        judged = [pair for pair in pairs if not any(not_shown(each.report) for each in pair)]
        comparisons = [paired(*pair, seed) for pair in judged]
        print_comparisons(comparisons, to_error=to_error)
        for each in (each for pair in pairs for each in pair if not_shown(each.report)):
            name = printable(each.report.persona.name)
            raise CheckFailedError(f"no alignment to compare: {name} in {each.file} is {why_not_shown(each.report)}")
        failed = [line for line in map(_complaint, comparisons) if line is not None]
        if failed:
            raise CheckFailedError(f"alignment is worse than in {self.file}: {', '.join(failed)}")


def _on_the_same_people(report: Report, earlier: Sequence[Report], file: str) -> Report:
    people = set(report.persona.groups)
    found = [one for one in earlier if set(one.persona.groups) == people]
    if len(found) != 1:
        count = "no report" if not found else f"{len(found)} reports"
        fix = "keep one" if found else "evaluate the same people for both"
        raise ReportError(f"{quoted(file)} has {count} on the people of {quoted(report.persona.name)}; {fix}")
    _check_same_survey(file, found[0], report.survey.name, report.survey.sha256)
    return found[0]


def _check_same_survey(file: str, earlier: Report, survey: str, sha256: str) -> None:
    if earlier.survey.sha256 != sha256:
        raise ReportError(f"{quoted(file)} is on another survey than {quoted(survey)}; use the same survey for both")


def _complaint(comparison: PairedReport) -> str | None:
    """Say by how much a persona is worse; None if it is not."""
    difference = comparison.difference.alignment
    if difference is None:
        return f"{comparison.b.persona} (no alignment to compare)"
    return f"{comparison.b.persona} {signed(difference)}" if is_worse(difference) else None


def check_alignment(reports: Sequence[Report], fail_under: float) -> None:
    """Make sure that no persona's alignment is below `fail_under`.

    Raises:
        CheckFailedError: one is, or has none, or is not valid because the judge errs too often.
    """
    several = in_several_expressions(reports)
    names = [f"{each.persona.name} ({each.expression})" if several else each.persona.name for each in reports]
    judged = [(name, report) for name, report in zip(names, reports, strict=True) if not not_shown(report)]
    aligned = [(name, report.scores.alignment) for name, report in judged]
    low = [
        f"{name} {below(fail_under, score.mean)}"
        for name, score in aligned
        if score is not None and score.mean < fail_under
    ]
    complaints = [f"alignment is under {fail_under}: {', '.join(low)}"] if low else []
    complaints += [
        f"no alignment to check: for {name} no question with ordered options was scored"
        for name, score in aligned
        if score is None
    ]
    complaints += [
        f"no alignment to check: {name} is {why_not_shown(report)}"
        for name, report in zip(names, reports, strict=True)
        if not_shown(report)
    ]
    if complaints:
        raise CheckFailedError("; ".join(complaints))
