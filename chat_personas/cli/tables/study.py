"""What is printed of a study: who takes part, and what came of it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console

from chat_personas.cli.tables.layout import Column, print_line, split_table, table_console
from chat_personas.corpus.study_rows import ParticipationRow, ParticipationStatus
from chat_personas.studies.outcome import ConditionOutcome, Counts, ScaleOutcome, StudyOutcome
from chat_personas.studies.study import LoadedStudy
from chat_personas.studies.understanding import Estimate
from chat_personas.text import pluralize

ENDS: tuple[ParticipationStatus, ...] = ("complete", "running", "left", "excluded", "withdrawn")
REHEARSED = "A rehearsal: simulated participants say nothing about people."


def print_status(study: LoadedStudy, rows: Sequence[ParticipationRow], tests: int) -> None:
    """Print how many people take part in each condition, by how it ended, and the participations that are not done."""
    console = table_console(to_error=False)
    print_line(console, f"{study.study.title} ({study.study.name})")
    names = [condition.name for condition in study.study.conditions]
    counted = Counter((row.condition, row.status) for row in rows)
    columns = [Column(end, [str(counted[name, end]) for name in names]) for end in ENDS]
    for table in split_table(names, [columns], console.width):
        console.print(table)
    unassigned = sum(row.condition is None for row in rows)
    if unassigned:
        print_line(console, f"{pluralize(unassigned, 'participation')} not assigned yet")
    if tests:
        print_line(console, f"{pluralize(tests, 'test')} not counted")
    for row in rows:
        if row.status == "running":
            when = row.active_at.astimezone()
            print_line(console, f"not done: {row.id}, {row.condition or 'not assigned'}, last {when:%Y-%m-%d %H:%M}")


def print_outcome(study: LoadedStudy, outcome: StudyOutcome, *, tests: bool, to_error: bool) -> None:
    """Print what came of a study, condition by condition."""
    console = table_console(to_error=to_error)
    print_line(console, f"{study.study.title} ({study.study.name}) · 95% intervals")
    if tests:
        print_line(console, REHEARSED)
    for condition in outcome.conditions:
        console.print()
        _print_condition(console, condition, tests=tests)
    console.print()
    if outcome.unassigned:
        print_line(console, f"{pluralize(outcome.unassigned, 'participation')} ended or waits before the assignment")
    if outcome.other_versions:
        others = pluralize(outcome.other_versions, "participation")
        print_line(console, f"{others} in other versions of this study file, tests included: not counted")


def _print_condition(console: Console, found: ConditionOutcome, *, tests: bool) -> None:
    print_line(console, f"{found.condition}: {_counted(found.counts, tests=tests)}")
    gap = found.gap
    if gap.a is not None and gap.b is not None:
        about = f"about {found.people} (a) {interval(gap.a)}, about the persona (b) {interval(gap.b)}"
        print_line(console, f"  learnt {about}")
    else:
        print_line(console, f"  what was learnt cannot be said: {gap.why_null}")
    if found.against is not None:
        print_line(console, f"  {_against(found)}")
    for line in _changes("accuracy of the guesses", gap.accuracy_before, gap.accuracy_after, gap.accuracy_change):
        print_line(console, f"  {line}")
    for line in _changes("felt understanding", gap.felt_before, gap.felt_after, gap.felt_change):
        print_line(console, f"  {line}")
    if gap.felt_rose_accuracy_fell:
        print_line(console, "  Felt understanding rose, and accuracy fell.")
    if gap.participants_left_out or gap.guesses_left_out:
        people = pluralize(gap.participants_left_out, "participant")
        single = pluralize(gap.guesses_left_out, "single guess", "single guesses")
        print_line(console, f"  left out: {people} without a pair of guesses, {single}")
    _print_scales(console, found.scales)


def _counted(counts: Counts, *, tests: bool) -> str:
    ended = [f"{count} {name}" for name in ENDS if (count := getattr(counts, name)) or name == "complete"]
    unmeasured = counts.complete - counts.sound - counts.unsound
    measured = [f"{counts.sound} measured soundly"]
    measured += [f"{counts.unsound} not soundly"] if counts.unsound else []
    measured += [f"{unmeasured} not measured"] if unmeasured else []
    others = [f"{counts.others} {'others' if tests else 'tests'} not counted"] if counts.others else []
    return "; ".join([", ".join(ended), ", ".join(measured), *others])


def _against(found: ConditionOutcome) -> str:
    against = found.against
    assert against is not None
    if against.a is None or against.b is None:
        return f"beside the control group nothing can be said: {against.why_null}"
    people = pluralize(against.control_participants, "person", "people")
    return f"beside the control group ({people}): a {interval(against.a)}, b {interval(against.b)}"


def _changes(name: str, before: Estimate | None, after: Estimate | None, change: Estimate | None) -> Iterator[str]:
    if before is not None and after is not None and change is not None:
        yield f"{name} {before.value:.2f}, then {after.value:.2f}: {interval(change, signed=True)}"


def _print_scales(console: Console, scales: Sequence[ScaleOutcome]) -> None:
    shown = [scale for scale in scales if scale.before is not None or scale.after is not None]
    if not shown:
        return
    columns = [
        Column("answered", [str(scale.answered) for scale in shown]),
        Column("before", [interval(scale.before) for scale in shown]),
        Column("after", [interval(scale.after) for scale in shown]),
        Column("change", [_change(scale) for scale in shown]),
    ]
    for table in split_table([f"{scale.instrument} {scale.item}" for scale in shown], [columns], console.width):
        console.print(table)


def _change(scale: ScaleOutcome) -> str:
    """Return the change of an item, and of how many people it is: not of all who answered once."""
    return f"{interval(scale.change, signed=True)} of {scale.both}" if scale.change is not None else ""


def interval(estimate: Estimate | None, *, signed: bool = False) -> str:
    """Return a value with its interval: `0.31 [0.12, 0.50]`; nothing for None."""
    if estimate is None:
        return ""
    sign = "+" if signed else ""
    return f"{estimate.value:{sign}.2f} [{estimate.low:{sign}.2f}, {estimate.high:{sign}.2f}]"
