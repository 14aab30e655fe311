"""The introduction stands in an empty conversation until it is dismissed, and names the real models that were found."""

from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.tui.chat.introduction import introduction
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until, words
from tests.tui.test_model_picker import FOUND

KEYS = {"panel": "F2", "persona": "^g", "compare": "", "model": "alt+m", "stop": "esc"}


def test_it_says_what_this_is_with_the_keys_as_they_are_bound() -> None:
    lines = introduction("A Democrat", KEYS.__getitem__, demonstration=True).splitlines()
    assert lines[0].endswith("here A Democrat.")
    assert "(F2)" in lines[1]
    assert [line[:2] for line in lines if line[:1].isdigit()] == ["1.", "2.", "3."]
    assert any(line.endswith(": ^g or /persona") for line in lines)
    assert any(line.endswith(": /compare") for line in lines), "without a key the command is left"
    assert lines[-2] == "The model is a built-in demonstration: what it says is evidence about nobody."
    assert lines[-1] == "Esc dismisses this for good; /introduction shows it again."


def test_it_names_some_of_the_models_that_were_found_or_where_others_are() -> None:
    one = introduction("X", KEYS.__getitem__, demonstration=False, found=["a", "b", "c", "d", "e"])
    assert "Real models on this machine: a, b, c and 2 more. Choose one: alt+m or /model" in one.splitlines()
    none = introduction("X", KEYS.__getitem__, demonstration=False, found=[])
    assert "Real models can be fetched, or reached on a server: alt+m or /model" in none.splitlines()
    assert "Real models" not in introduction("X", KEYS.__getitem__, demonstration=False)


async def test_it_is_dismissed_for_good_and_shown_again_on_demand(corpus_file: Path) -> None:
    opened = session(corpus_file, ScreenEngine(reply("Fewer.")), introduction_wanted=True, found=FOUND)
    async with screen(opened, (120, 40)) as pilot:
        await until(pilot, lambda: "Real models on this machine: small-one, qwen3." in words(pilot))
        assert "Three things to try" in words(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "Three things" not in words(pilot) and "Say something, for" in words(pilot))
        assert not opened.launch.introduction_wanted
        await pilot.press("ctrl+n", *"/introduction", "enter")
        await until(pilot, lambda: "Three things to try" in words(pilot))
        assert opened.launch.introduction_wanted

        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        assert "Three things" not in words(pilot)
        conversation = opened.conversation
        assert conversation is not None
    again = session(corpus_file, ScreenEngine(), introduction_wanted=True, resume=conversation.id)
    async with screen(again) as pilot:
        await until(pilot, lambda: "Fewer." in shown(pilot))
        assert "Three things" not in words(pilot)


async def test_escape_stops_a_reply_first(corpus_file: Path) -> None:
    opened = session(corpus_file, ScreenEngine(), introduction_wanted=True)
    async with screen(opened, (120, 40)) as pilot:
        await until(pilot, lambda: "Three things" in words(pilot))
        assert chat(pilot).talking.escape_action == "dismiss_introduction"
        await pilot.press("f2", "escape")
        assert opened.launch.introduction_wanted, "in the panel it leads back to the text"


@pytest.mark.parametrize(
    ("opened", "named"),
    [
        ("small-one.gguf", "Real models on this machine: qwen3. Choose one"),
        ("http://127.0.0.1:9/v1#qwen3", "Real models on this machine: small-one. Choose one"),
    ],
)
async def test_the_model_in_use_is_not_one_to_choose(corpus_file: Path, opened: str, named: str) -> None:
    info = replace(ScreenEngine().info, name=opened, demonstration=False)
    talking = session(corpus_file, ScreenEngine(info=info), introduction_wanted=True, found=FOUND)
    async with screen(talking, (120, 40)) as pilot:
        await until(pilot, lambda: named in words(pilot))
