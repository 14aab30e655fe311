"""The panel has a cursor, folds, has a compact form, explains itself, and is shown in large print."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from chat_personas.corpus import Corpus
from chat_personas.tui.screens.measurement import ExplanationScreen, LargePrintScreen
from chat_personas.tui.widgets.messages import Reply
from eval.engine import Message, Probe, ProbeScore
from eval.surveys.loading import load_survey
from tests.eval.fake_engine import FakeEngine, by_content
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words

CIVIC = load_survey("civic").survey


def leaning(toward: float) -> Mapping[str, Mapping[str, float]]:
    """Masses that lean to the last option, whatever its letter, the less the nearer `toward` is to 1: even answers."""
    masses = by_content(CIVIC)
    return {
        name: {
            text: 0.9 * ((1 - toward) * mass / sum(options.values()) + toward / len(options))
            for text, mass in options.items()
        }
        for name, options in masses.items()
    }


class ChangingEngine(ScreenEngine):
    """Leans to the last option, and half as much after the second message of the person and from there on."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        said = sum(message.role == "user" for message in prefix)
        async for score in FakeEngine(leaning(0.5 if said > 1 else 0.0)).score(prefix, probes):
            yield score


def measured(pilot: Pilot[None], turn: int = 0) -> bool:
    estimate = chat(pilot).panel.estimate
    return estimate is not None and estimate.complete and estimate.turn == turn


def titles(pilot: Pilot[None]) -> list[str]:
    """The titles of the sections on the screen, with the sign of whether they are folded."""
    return [str(each.border_title) for each in chat(pilot).panel.query(".section") if each.display]


def under_cursor(pilot: Pilot[None]) -> list[str | None]:
    return [each.id for each in chat(pilot).panel.query(".-chosen")]


def margins(pilot: Pilot[None]) -> list[str]:
    """What stands in the margin beside the speaker of each reply."""
    return [row[1] for row in shown(pilot).splitlines() if row[3:].startswith("A Democrat")]


def row_of(pilot: Pilot[None], sign: str) -> int:
    return next(number for number, row in enumerate(shown(pilot).splitlines()) if row[1:2] == sign)


@pytest.mark.slow
async def test_a_click_on_a_title_folds_the_section_and_one_below_it_chooses_it(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: measured(pilot))
        await pilot.click("#scale", offset=(5, 0))
        await until(pilot, lambda: titles(pilot)[1] == "▸ Compared with reference points")
        await pilot.click("#course", offset=(5, 1))
        await until(pilot, lambda: under_cursor(pilot) == ["course"])
        assert titles(pilot)[2] == "▾ Course over the turns"


async def test_a_cursor_goes_through_the_sections_which_fold_and_stay_folded(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: measured(pilot))
        await pilot.press("f2")
        assert under_cursor(pilot) == ["headline"]
        await pilot.press("up", "down", "down")
        assert under_cursor(pilot) == ["course"]

        await pilot.press("space")
        assert titles(pilot)[2] == "▸ Course over the turns"
        assert "turn 0  " not in shown(pilot)
        await pilot.press("escape")
        assert under_cursor(pilot) == []

        await pilot.press("ctrl+n")
        await until(pilot, lambda: measured(pilot) and "▸ Course over the turns" in titles(pilot))
        await pilot.press("f2", "space")
        assert "▾ Course over the turns" in titles(pilot)
        await until(pilot, lambda: "turn 0  " in shown(pilot))


@pytest.mark.slow
async def test_the_compact_form_has_the_sentence_the_bar_and_the_verdict(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: measured(pilot))
        await pilot.press("f2", "down", "c")
        await until(pilot, lambda: len(titles(pilot)) == 1)
        said = words(pilot).replace("┃ ", "")
        assert re.search(
            r"farther from its group than everyone's answers: 0\.74 \[0\.\d\d, 0\.\d\d\], "
            r"beside everyone's answers 0\.82 \[0\.\d\d, 0\.\d\d\]",
            said,
        )
        assert "● this persona" in said
        assert "verdict: sound (order agreement" in said
        assert "label mass" not in said
        assert under_cursor(pilot) == ["headline"]

        await pilot.press("c")
        await until(pilot, lambda: "label mass" in words(pilot))
        assert len(titles(pilot)) > 3


async def test_enter_explains_the_section_under_the_cursor_and_escape_returns_to_it(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: measured(pilot))
        await pilot.press("f2", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExplanationScreen))
        assert "What does this mean? Compared with reference points (2 of 7)" in words(pilot)
        assert "Everyone's answers, 0.82 [0.80, 0.84]:" in words(pilot)
        await pilot.press("left")
        assert "All 62 questions of the survey were answered before the first message." in words(pilot)
        assert "More in docs/measures.md, Scores." in words(pilot)

        await pilot.press("escape")
        await until(pilot, lambda: chat(pilot).focused is chat(pilot).panel)
        assert under_cursor(pilot) == ["scale"]
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExplanationScreen))


async def test_a_section_is_explained_from_everywhere_by_its_name(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (80, 24)) as pilot:
        await type_text(pilot, "/explain valid")
        await until(pilot, lambda: "What does this mean? Validity (7 of 7)" in words(pilot))
        assert "Nothing is measured yet. Not measuring (F4 starts it)." in words(pilot).replace("┃ ", "")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert chat(pilot).focused is chat(pilot).composer

        await type_text(pilot, "/explain colours")
        await until(pilot, lambda: "There is no section “colours”." in words(pilot))
        await type_text(pilot, "/large-print")
        await until(pilot, lambda: "Not measuring (F4 starts it)." in words(pilot))
        assert isinstance(pilot.app.screen, LargePrintScreen)


@pytest.mark.slow
async def test_the_width_changes_by_keys_within_limits_and_not_on_a_narrow_screen(corpus_file: Path) -> None:
    def width() -> int:
        return chat(pilot).panel.outer_size.width

    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        assert width() == 50
        await pilot.press("f2", "<", "<")
        await until(pilot, lambda: width() == 58)
        await pilot.press(*"<" * 12)
        await until(pilot, lambda: width() == 80)
        await pilot.press(*">" * 20)
        await until(pilot, lambda: width() == 38)

        await pilot.resize_terminal(80, 24)
        await pilot.press("f2")
        await until(pilot, lambda: width() == 80)
        await pilot.press("<")
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: width() == 38)


async def test_the_large_print_follows_the_measurement_and_escape_leaves_it(corpus_file: Path) -> None:
    engine = ChangingEngine(reply("Yes."), reply("No."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: measured(pilot))
        await type_text(pilot, "Well?")
        await until(pilot, lambda: measured(pilot, 1))
        await type_text(pilot, "And?")
        await pilot.press("f2", "z")
        await until(pilot, lambda: isinstance(pilot.app.screen, LargePrintScreen))
        await until(pilot, lambda: "Democrat · after the reply to message 2" in words(pilot))
        await until(pilot, lambda: measured(pilot, 2))
        score = chat(pilot).panel.estimate.scorecard.scores.alignment  # type: ignore[union-attr]
        assert "Closer to Republican answers than to its own group's" in words(pilot)
        assert f"95% interval {score.low:.2f} to {score.high:.2f}" in words(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))


@pytest.mark.slow
async def test_a_mark_in_the_margin_stands_beside_the_reply_after_which_the_answers_moved(corpus_file: Path) -> None:
    engine = ChangingEngine(reply("Yes."), reply("No."), reply("Perhaps."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: measured(pilot))
        for turn, text in enumerate(("Well?", "And?", "So?"), start=1):
            await type_text(pilot, text)
            await until(pilot, lambda turn=turn: measured(pilot, turn))  # type: ignore[misc]
        assert margins(pilot) == ["▌", "↑", "▌"]

        (marked,) = (each for each in chat(pilot).transcript.query(Reply) if each.region.y == row_of(pilot, "↑"))
        await pilot.click(marked, offset=(0, 0))
        await until(pilot, lambda: "What does this mean? Course over the turns" in words(pilot))
        assert "Where it moved: after the reply to message 2, the answers were closer to Democrat answers" in (
            words(pilot)
        )

    with Corpus.open(corpus_file, read_only=True) as corpus:
        (talk,) = corpus.conversations()
    again = ChangingEngine()
    async with screen(session(corpus_file, again, measure=True, make_monitor=monitor, resume=talk.id)) as pilot:
        await until(pilot, lambda: measured(pilot, 3))
        assert margins(pilot) == ["▌", "↑", "▌"], "a conversation that is opened again has its marks"


async def test_a_mark_is_drawn_without_laying_anything_out_again(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: not chat(pilot).replies.busy)
        (answer,) = chat(pilot).transcript.query(Reply)
        asked_for = list[bool]()
        for widget in (answer, chat(pilot).transcript):
            original = widget.refresh

            def refresh(*regions: object, layout: bool = False, original: object = original, **more: object) -> Widget:
                asked_for.append(layout)
                return original(*regions, layout=layout, **more)  # type: ignore[operator, no-any-return]

            widget.refresh = refresh  # type: ignore[method-assign, assignment]
        entry = chat(pilot).transcript.last("reply")
        assert entry is not None
        chat(pilot).transcript.show_marks({str(entry.message_id): "↓"})
        await pilot.pause()
        assert any(row[1:2] == "↓" for row in shown(pilot).splitlines())
        assert asked_for == [False]
