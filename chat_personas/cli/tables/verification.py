"""What `report verify` prints: how much was recomputed, what does not agree, and what could not be checked."""

from collections.abc import Iterator

from chat_personas.cli.evaluation.verifying import CANNOT_ASK, OTHER_ANSWER, REPEATS_ELSEWHERE, Verified
from chat_personas.reporting.wording.measurements import model_described, steered_name
from chat_personas.text import pluralize, printable
from eval.report.verify import CHANGED, Mismatch


def print_verification(one: Verified) -> None:
    """Print what came of verifying one report."""
    for line in verification_lines(one):
        print(line)


def verification_lines(one: Verified) -> Iterator[str]:
    """Yield the lines about one report, the name of the report first."""
    report, found = one.report, one.found
    yield printable(f"{steered_name(report)}, {report.expression}, model {model_described(report.model)}")
    values = pluralize(found.compared, "value")
    wrong = len(found.mismatches)
    agree = f"{pluralize(wrong, 'place')} not in agreement:" if wrong else "all agree"
    yield f"  {values} recomputed; {agree}"
    for mismatch in found.mismatches:
        yield printable(f"    {_said(mismatch)}")
    if one.replay is not None:
        yield f"  {_replayed(one)}"
    if found.unchecked:
        yield "  not checked:"
    by_reason: dict[str, list[str]] = {}
    for path, why in found.unchecked:
        by_reason.setdefault(why, []).append(path)
    for why, paths in by_reason.items():
        yield printable(f"    {', '.join(dict.fromkeys(paths))}: {why}")


def _said(mismatch: Mismatch) -> str:
    if mismatch.stored == CHANGED:
        return f"{mismatch.path}: {CHANGED}"
    if mismatch.stored == OTHER_ANSWER:
        return f"{mismatch.path}: {mismatch.expected}"
    if mismatch.stored == CANNOT_ASK:
        return f"{mismatch.path}: {CANNOT_ASK}: {mismatch.expected}"
    return f"{mismatch.path}: {mismatch.stored} in the report, {mismatch.expected} recomputed"


def _replayed(one: Verified) -> str:
    replay = one.replay
    assert replay is not None
    where = "the same build" if replay.same_build else "another build, or one that is not known"
    asked = f"{pluralize(len(replay.differences), 'probe')} asked again ({where})"
    largest, allowed = max(replay.differences.values(), default=0.0), f"{replay.allowed:g} allowed"
    mean = "" if replay.exact else f", in the mean {replay.mean:.4f}, {REPEATS_ELSEWHERE:g} allowed"
    return f"{asked}: a probability differs by up to {largest:.4f}, {allowed}{mean}"
