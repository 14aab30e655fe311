"""A measurement that is not sound shows no score, no claim and no mark on any face of the program."""

import io
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from math import log
from typing import Any

import pytest

from chat_personas.cli.errors import CheckFailedError
from chat_personas.cli.evaluation.checks import check
from chat_personas.cli.line_mode import estimate_line
from chat_personas.cli.tables.expressions import print_expressions
from chat_personas.cli.tables.report import print_reports
from chat_personas.monitor.monitor import Estimate, Monitor
from chat_personas.reporting.explained.sections import SECTIONS, Measured, explain
from chat_personas.reporting.html.report_page import WITHHELD, page_document
from chat_personas.reporting.in_sentences import measured, questions_listed, spoken, whole
from chat_personas.reporting.svg.figures import figure_document
from chat_personas.tui.widgets.panel.headline import Figures, headline, in_short
from chat_personas.tui.widgets.panel.probe import probe
from chat_personas.tui.widgets.panel.sections import validity
from eval.engine import LabelScore, Message, Probe, ProbeScore
from eval.evaluation import ask_unsteered, evaluate
from eval.report import Report
from eval.report.calibrate import calibrated
from eval.scoring.results import Score
from eval.surveys.loading import load_survey
from personas import load_persona
from tests.eval.fake_engine import FakeEngine, by_content

CIVIC = load_survey("civic")
HOW_IT_ANSWERED = ("refusal", "human refusal", "label mass", "order bias", "refusals")
"""Rows that say how the model answered and not how close it came."""
CLAIMS = (
    "closer to",
    "farther from",
    "nearest group",
    "sounds",
    "flattened",
    "caricature",
    "steered:",
    "drift",
    "are tied",
)


class LetterLover(FakeEngine):
    """Gives the first letter most of the mass, a little less from question to question, whatever the options say."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        for place, asked in enumerate(probes):
            first = 0.78 - 0.001 * (place % 40)
            rest = (0.97 - first) / (len(asked.labels) - 1)
            masses = [first, *[rest] * (len(asked.labels) - 1)]
            labels = tuple(
                LabelScore(label, log(mass), log(mass)) for label, mass in zip(asked.labels, masses, strict=True)
            )
            yield ProbeScore(asked.key, labels, 0.97, tokens_decoded=1)


async def unsound() -> Report:
    """Return the report on a persona of a model that follows the letters, with everything that a report may hold."""
    engine, survey, persona = LetterLover(), CIVIC, load_persona("democrat")
    unsteered = await ask_unsteered(engine, survey.survey.questions)
    report = calibrated(await evaluate(engine, persona, survey, unsteered=unsteered))
    assert report.verdict.finding == "follows_letters"
    assert report.calibration is not None
    return report


async def unsound_estimate() -> Estimate:
    """Return the last estimate of a round beside a conversation with the same model."""
    monitor = Monitor(LetterLover(), CIVIC, load_persona("democrat").persona.groups)
    *_, last = [estimate async for estimate in monitor.measure([], None)]
    assert last.scorecard is not None
    assert last.scorecard.verdict.finding == "follows_letters"
    return last


def scores_in(part: Any, name: str = "") -> Iterator[Score]:
    """Yield every score with an interval that says how close something came, from a report in JSON."""
    if name in (
        "verdict",
        "unsteered",
        "repeat",
        "change_across_orders",
        *(words.replace(" ", "_") for words in HOW_IT_ANSWERED),
    ):
        return
    if isinstance(part, dict) and set(part) == {"mean", "low", "high"} and part["low"] is not None:
        yield Score.model_validate(part)
    for key, each in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from scores_in(each, str(key))


def written(report: Report) -> set[str]:
    """Return every score of a report as the faces would write it, in two or three decimals, signed, and read aloud.

    What a figure that may be shown looks like as well, such as the people's refusal, is left out.
    """
    lines = _written(scores_in(report.model_dump(mode="json")))
    shown = (getattr(report.scores, words.replace(" ", "_"), None) for words in HOW_IT_ANSWERED)
    lines -= _written(score for score in shown if score is not None)
    return lines | set(map(spoken, lines))


def _written(scores: Iterable[Score]) -> set[str]:
    forms = (".3f", ".2f", "+.3f", "+.2f", ".1f")
    return {f"{score.mean:{form}} [{score.low:{form}}, {score.high:{form}}]" for score in scores for form in forms}


async def faces() -> dict[str, str]:
    """Return what each face shows of it."""
    report, estimate = await unsound(), await unsound_estimate()
    card = estimate.scorecard
    assert card is not None
    other = report.model_copy(update={"expression": "sampled"})
    seen = Measured("Democrat", estimate, card, complete=True)
    return {
        "table of eval": printed(lambda: print_reports([report], to_error=False)),
        "table of expressions": printed(lambda: print_expressions([report, other], to_error=False)),
        "page": page_document([report, other], {question.id: question.stem for question in CIVIC.survey.questions}),
        "figure": figure_document([report, other]),
        "line mode": estimate_line(estimate),
        "read aloud": "\n".join(
            [measured(estimate), *whole(estimate, "Democrat", "Civic", None, halted=False), *questions_listed(card, {})]
        ),
        "headline of the panel": headline("Democrat", Figures(estimate, card)).plain,
        "title of the screen": in_short(Figures(estimate, card)),
        "validity in the panel": validity(card).plain,
        "what the panel means": "\n".join(line for section in SECTIONS for line in explain(section, seen).says),
        "probe in the panel": probe(card.questions[0], "Stem", "Democrat", 60, sound=card.verdict.sound).plain,
    }


def printed(show: Any) -> str:
    """Return what is printed on a wide terminal."""
    with redirect_stdout(io.StringIO()) as out:
        show()
    return out.getvalue()


async def test_no_face_shows_a_score_or_a_claim_of_a_measurement_that_is_not_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    forbidden = written(await unsound())
    assert len(forbidden) > 200, "scores, references, nearest groups, topics, calibration, effect"
    for face, text in (await faces()).items():
        flat = " ".join(text.replace(WITHHELD, "").split())
        assert [score for score in forbidden if score in flat] == [], face
        assert [claim for claim in CLAIMS if claim in flat] == [], face


async def test_every_face_says_why_there_is_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for face, text in (await faces()).items():
        if face not in ("validity in the panel", "probe in the panel"):
            assert "the model follows the letters, not the answers" in " ".join(text.split()), face


async def test_a_single_probe_shows_what_the_model_answered_but_not_how_close_it_came() -> None:
    shown = await faces()
    for face in ("validity in the panel", "probe in the panel"):
        assert "label mass" in shown[face]
        assert "order bias" in shown[face]
        assert not any(word in shown[face] for word in ("alignment", "total var", "skill", "spread", "worth"))


async def test_the_figure_has_no_mark_of_a_measurement_that_is_not_sound() -> None:
    drawn = (await faces())["figure"]
    assert "<circle" not in drawn
    assert "<path" not in drawn


async def test_every_check_fails_on_a_measurement_that_is_not_sound() -> None:
    with pytest.raises(CheckFailedError, match="the model follows the letters"):
        check([await unsound()], None, 0.0, seed=0, to_error=False)


class LovesLettersOnce(LetterLover):
    """Follows the letters before the first message, and answers by what the options say after it."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        answers = FakeEngine.score(self, prefix, probes) if prefix else LetterLover.score(self, prefix, probes)
        async for score in answers:
            yield score


async def test_a_turn_that_is_not_sound_has_no_point_in_the_course_and_nothing_is_compared_with_it() -> None:
    monitor = Monitor(LovesLettersOnce(by_content(CIVIC.survey)), CIVIC, load_persona("democrat").persona.groups)
    talk: list[Message] = []
    for turn in range(3):
        *_, last = [estimate async for estimate in monitor.measure(talk, None)]
        if turn == 0:
            assert last.scorecard is not None
            assert last.scorecard.verdict.finding == "follows_letters"
        talk = [*talk, Message("user", "Hello"), Message("assistant", "Good day.")]
    assert last.scorecard is not None
    assert last.scorecard.verdict.sound
    assert [point.turn for point in last.course] == [1, 2]
    assert last.drift is not None
    assert last.drift.first_turn == 1
    line = estimate_line(last)
    assert "not sound, so not in the course: turn 0" in line
    assert "since turn 1" in line
    assert "since turn 0" not in line


async def test_a_sound_persona_shows_no_steering_slope_where_the_unsteered_model_follows_the_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    unsteered = await ask_unsteered(LetterLover(), CIVIC.survey.questions)
    report = await evaluate(FakeEngine(by_content(CIVIC.survey)), load_persona("democrat"), CIVIC, unsteered=unsteered)
    assert report.verdict.sound
    assert report.effect is not None
    assert report.effect.slope is not None
    slope = f"{report.effect.slope.mean:.3f} ["
    for face in (
        printed(lambda: print_reports([report], to_error=False)),
        page_document([report], {question.id: question.stem for question in CIVIC.survey.questions}),
    ):
        flat = " ".join(face.partition('<details class="glossary">')[0].split())
        assert slope not in flat
        assert (
            "no exaggeration (steering slope): it starts from the model without steering, whose answers are not sound: "
            in flat
        )
        assert not any(claim in flat for claim in ("flattened", "caricature", "not steered:"))
