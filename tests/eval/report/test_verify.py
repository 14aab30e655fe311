"""Every figure of a report follows from its own questions, and whatever was changed afterwards is named."""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from eval.answers import Refusals
from eval.errors import ReportError
from eval.evaluation import evaluate
from eval.report import Report, as_document
from eval.report.calibrate import calibrated
from eval.report.read import read_reports
from eval.report.seals import broken_seals, seals_of
from eval.report.verify import CHANGED, GIVEN, Verification, verify
from eval.surveys.loading import LoadedSurvey, load_survey
from personas import load_persona
from tests.eval.fake_engine import FakeEngine
from tests.eval.scoring.test_refusals_only import SHY, TOWN
from tests.eval.test_evaluate import DEMOCRAT, SURVEY, persona
from tests.eval.test_evaluate_answers import TOWN as FIGURES
from tests.eval.test_evaluate_answers import file_of, line, reports
from tests.eval.towns import REFUSAL

CIVIC = load_survey("civic")
MUTATIONS, MANY_MUTATIONS = 40, 200


def checked(text: str, survey: LoadedSurvey | None = CIVIC) -> Verification:
    (report,) = read_reports(text)
    return verify(json.loads(text), report, survey)


@pytest.fixture(scope="module")
def written() -> str:
    """A report of the built-in model on 24 questions, with its calibration, as `eval --json` writes it."""
    return as_document([calibrated(asyncio.run(of_built_in()))])


async def of_built_in() -> Report:
    engine = await LlamaEngine.open(pocket_path(), threads=1)
    try:
        return await evaluate(engine, load_persona("democrat"), CIVIC, limit=24)
    finally:
        await engine.close()


async def test_a_report_as_written_agrees_in_every_figure(written: str) -> None:
    found = checked(written)
    assert (found.mismatches, found.unchecked) == ((), ())
    assert found.compared > 24 * 20


async def test_without_the_survey_what_is_about_other_people_counts_as_not_recomputed(written: str) -> None:
    found = checked(written, None)
    assert found.mismatches == ()
    unchecked = {path for path, why in found.unchecked if why == "it needs the survey"}
    assert {"nearest", "references.population", "scores.skill", "scores_against_opposite", "survey"} <= unchecked
    assert not any(path.startswith(("questions", "topics", "verdict", "calibration")) for path in unchecked)


@pytest.mark.parametrize("refusals", ["apart", "as-option"])
@pytest.mark.parametrize("known", [True, False])
async def test_questions_that_were_only_refused_are_verified_too(refusals: Refusals, known: bool) -> None:
    survey = LoadedSurvey(TOWN, SURVEY.path, "ab" * 32)
    made = await evaluate(FakeEngine(SHY), persona(DEMOCRAT), survey, refusals=refusals)
    assert checked(as_document([made]), survey if known else None).mismatches == ()


async def test_a_figure_that_was_changed_is_named_with_both_values(written: str) -> None:
    document = json.loads(written)
    stored = document["scores"]["alignment"]["mean"]
    document["scores"]["alignment"]["mean"] = stored + 0.05
    found = checked(json.dumps(document)).mismatches
    assert [each.path for each in found] == ["scores", "scores.alignment.mean"]
    assert (float(found[1].stored), float(found[1].expected)) == pytest.approx((stored + 0.05, stored))


async def test_what_cannot_be_recomputed_is_noticed_by_its_seal(written: str) -> None:
    for change in ({"created": "2026-01-01T00:00:00+00:00"}, {"prompt_sha256": "0" * 64}, {"note": 1}, {"seals": None}):
        document = json.loads(written) | change
        (key,) = change
        expected = () if key == "seals" else (key,)
        assert broken_seals(document) == expected


def test_a_seal_does_not_depend_on_how_the_json_is_written() -> None:
    document = {"b": [1.5, {"y": 1, "x": "é"}], "a": None, "seals": {"a": "?"}}
    other = json.loads('{"a":null,"b":[1.50,{"x":"\\u00e9","y":1}]}')
    assert seals_of(document) == seals_of(other)
    assert sorted(seals_of(document)) == ["a", "b"]


async def test_data_that_cannot_be_scored_is_a_difference(written: str) -> None:
    document = json.loads(written)
    document["questions"][0]["id"] = "NOWHERE"
    found = checked(json.dumps(document)).mismatches
    assert [each.path for each in found] == ["questions", "questions"]
    assert found[1].expected == "the survey civic has no question NOWHERE"


HASHES_AND_TEXTS = {"sha256", "prompt_sha256", "options", "seals"}
Leaf = tuple[Any, ...]
"""The keys and places that lead to a value."""


def leaves(part: Any, path: Leaf = ()) -> Iterator[Leaf]:
    """Yield every number and every hash or option text of a document."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from leaves(value, (*path, key))
    elif isinstance(part, list):
        for place, value in enumerate(part):
            yield from leaves(value, (*path, place))
    elif isinstance(part, int | float) or (isinstance(part, str) and not HASHES_AND_TEXTS.isdisjoint(path)):
        yield path


def mutated(document: Any, path: Sequence[Any], draw: random.Random) -> Any:
    """Return a copy with the value at one place changed by a visible amount."""
    copy = json.loads(json.dumps(document))
    *way, last = path
    holder = copy
    for key in way:
        holder = holder[key]
    value = holder[last]
    if isinstance(value, bool):
        holder[last] = not value
    elif isinstance(value, int):
        holder[last] = value + draw.choice([1, 2, 10])
    elif isinstance(value, float):
        holder[last] = value + draw.choice([-0.05, 0.01, 0.05])
    elif "options" in path:
        holder[last] = f"{value} indeed"
    else:
        holder[last] = ("1" if value[0] == "0" else "0") + value[1:]
    return copy


def everywhere(document: Any, count: int, seed: int) -> list[Leaf]:
    """Return places spread over the parts of a report: a part in turn, a random place in it."""
    draw = random.Random(seed)
    by_part: dict[str, list[Leaf]] = {}
    for path in leaves(document):
        by_part.setdefault(path[0], []).append(path)
    parts = [draw.sample(paths, len(paths)) for paths in by_part.values()]
    chosen: list[Leaf] = []
    while len(chosen) < count:
        chosen += [paths.pop() for paths in parts if paths][: count - len(chosen)]
    return chosen


@pytest.mark.parametrize(("count", "seed"), [(MUTATIONS, 1), pytest.param(MANY_MUTATIONS, 2, marks=pytest.mark.slow)])
async def test_every_change_of_a_figure_a_distribution_a_text_or_a_hash_is_named(
    written: str, count: int, seed: int
) -> None:
    document, draw = json.loads(written), random.Random(seed)
    missed, not_recomputed = [], []
    for path in everywhere(document, count, seed):
        changed = mutated(document, path, draw)
        try:
            found = checked(json.dumps(changed)).mismatches
        except ReportError as refused:  # a figure that no report can have is refused when it is read, by its place
            missed += [] if str(path[0]) in str(refused) else [path]
            continue
        sealed = path[1] if path[0] == "seals" else path[0]
        if sealed not in {each.path for each in found if each.stored == CHANGED}:
            missed.append(path)
        if path[0] not in (*GIVEN, "timing") and all(each.stored == CHANGED for each in found):
            not_recomputed.append(path)
    assert (missed, not_recomputed) == ([], [])


async def test_a_changed_question_is_named_in_its_figures_without_any_seal(written: str) -> None:
    document = json.loads(written) | {"seals": None}
    first = document["questions"][0]
    first["model"] = first["model"][::-1]
    found = {each.path for each in checked(json.dumps(document)).mismatches}
    assert f"questions[{first['id']}].model[0]" in found
    document = json.loads(written) | {"seals": None}
    first = document["questions"][0]
    for order in first["by_order"]:
        order["model"] = order["model"][::-1]
    found = {each.path for each in checked(json.dumps(document)).mismatches}
    assert {f"questions[{first['id']}].alignment", "scores.alignment.mean"} <= found
    document = json.loads(written) | {"seals": None}
    document["verdict"]["finding"] = "given"
    assert [each.path for each in checked(json.dumps(document)).mismatches] == ["verdict.finding"]


@pytest.mark.parametrize("refusals", ["apart", "as-option"])
@pytest.mark.parametrize("known", [True, False])
def test_answers_from_a_file_are_verified(tmp_path: Path, refusals: Refusals, known: bool) -> None:
    lines = (
        line("BUS", {"option 1": 0.6, "option 2": 0.2, REFUSAL: 0.195}),
        line("TAX", {}, refusal=1.0),
        line("INN", {"option 2": 1.0}),
    )
    (made,) = reports(file_of(tmp_path, *lines), refusals)
    found = checked(as_document([made]), FIGURES if known else None)
    assert (found.mismatches, found.compared > 30) == ((), True)
