"""Everything is there on a small screen, in few colours, and by keyboard alone."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from chat_personas.tui.app import ChatApp
from chat_personas.tui.key_registry import named_bindings
from eval.engine import EngineInfo
from personas import load_persona
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words

SMALL = (80, 24)
LETTERS = "not sound: the model follows the letters, not the answers · turn 0"


async def test_on_80_columns_the_conversation_has_the_screen_and_the_panel_is_a_key_away(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), SMALL) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot))
        assert "Compared with reference points" not in shown(pilot)
        await until(pilot, lambda: "alignment" in shown(pilot).splitlines()[0])

        await pilot.press("f2")
        await until(pilot, lambda: "Compared with reference points" in shown(pilot))
        assert chat(pilot).panel.has_focus

        await pilot.press("escape")
        await until(pilot, lambda: "Compared with reference points" not in shown(pilot))
        assert chat(pilot).composer.has_focus


async def test_no_line_is_wider_than_the_screen_and_keys_and_model_are_always_named(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), SMALL) as pilot:
        lines = shown(pilot).splitlines()

        assert len(lines) == 24
        assert max(map(len, lines)) <= 80
        assert "demonstration model: says nothing about real people" in lines[-2]
        for key in ("Send", "Help", "Panel", "Persona", "Quit"):
            assert key in lines[-1]


async def test_on_a_wide_screen_the_panel_stands_beside_the_conversation(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (100, 30)) as pilot:
        assert "Alignment" in shown(pilot)

        await pilot.resize_terminal(99, 30)
        await until(pilot, lambda: "Alignment" not in shown(pilot))


async def test_the_score_in_the_title_follows_every_resize_at_once(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (120, 30)) as pilot:
        chat(pilot).title_line.score = "alignment 0.750"
        for width in (90, 120, 80, 99, 100, 84):
            await pilot.resize_terminal(width, 30)
            await pilot.pause()
            title = shown(pilot).splitlines()[0]
            assert title.endswith("alignment 0.750 (F2)") == (width < 100), (width, title)
            assert width >= 100 or len(title) == width - 1, (width, title)


@slow_but_first(
    ("width", "score", "end"),
    [
        (99, LETTERS, f"A Democrat · Guns? {LETTERS} (F2)"),
        (80, LETTERS, "not sound · turn 0 (F2)"),
        (40, LETTERS, "not sound · turn 0 (F2)"),
        (30, LETTERS, "not sound (F2)"),
        (80, f"{LETTERS} · measuring… 3/62", "not sound · turn 0 · measuring… 3/62 (F2)"),
        (40, f"{LETTERS} · measuring… 3/62", "not sound · turn 0 (F2)"),
        (40, "alignment 0.750 · turn 3 · measuring… 3/62", "alignment 0.750 (F2)"),
    ],
    quick=3,
)
async def test_the_title_keeps_the_name_of_the_persona_and_shortens_the_score(
    corpus_file: Path, width: int, score: str, end: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (width, 24)) as pilot:
        line = chat(pilot).title_line
        line.persona, line.conversation, line.score = "A Democrat", "Guns?", score
        await pilot.pause()
        title = " ".join(shown(pilot).splitlines()[0].split())
        assert title.startswith("A Democrat")
        assert title.endswith(end)


async def test_a_title_of_wide_characters_leaves_the_score_on_the_screen(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (80, 24)) as pilot:
        line = chat(pilot).title_line
        line.persona, line.conversation = "民主党人", "我们应该如何看待枪支管制 😀 " * 4
        line.score = "alignment 0.750"

        await until(pilot, lambda: shown(pilot).splitlines()[0].endswith("…  alignment 0.750 (F2)"))
        assert cell_len(shown(pilot).splitlines()[0]) == 79


async def test_the_help_names_every_key_with_the_id_to_set_it_anew(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (100, 260)) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: "Keys" in shown(pilot))

        for _, binding in named_bindings():
            assert f" {binding.id} " in shown(pilot)


async def test_the_exact_prompt_can_be_seen(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot))
        conversation = chat(pilot).session.conversation
        assert conversation is not None

        await pilot.press("f3")
        await until(pilot, lambda: "── system prompt ──" in shown(pilot) and "does not say" in shown(pilot))

        seen = " ".join(shown(pilot).replace("┃", "").split())
        assert " ".join(conversation.system_prompt.split()) in seen
        assert "── message 1 of 2, user ── Well? ── message 2 of 2, assistant ── Yes." in seen
        assert seen.index("Yes.") < seen.index("Your next message comes here.")


@pytest.mark.parametrize(
    ("environment", "theme"), [({"TERM": "xterm"}, "persona-16"), ({"COLORTERM": "truecolor"}, "persona-dusk")]
)
def test_on_few_colours_the_terminals_own_are_used(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], theme: str
) -> None:
    for name in ("COLORTERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert ChatApp(session(corpus_file, ScreenEngine())).theme == theme


def test_a_theme_that_is_set_is_used(corpus_file: Path) -> None:
    assert ChatApp(session(corpus_file, ScreenEngine(), theme="nord")).theme == "nord"


@pytest.mark.slow
async def test_another_persona_is_picked_by_typing_a_part_of_its_name(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "Choose a persona" in shown(pilot))
        await pilot.press(*"republican")
        await until(pilot, lambda: "republican" in shown(pilot) and "democrat " not in shown(pilot))
        await pilot.press("enter")

        await until(pilot, lambda: shown(pilot).startswith(" A Republican"))


async def test_a_persona_file_with_a_mistake_is_named_and_the_conversation_stays(
    corpus_file: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('schema = "chat-personas/persona@1"\nname = "x"\n')
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "Choose a persona" in shown(pilot))
        pilot.app.screen.query_one("#wanted").value = str(wrong)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: '"wrong.toml": line' in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))

        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot))


async def test_every_key_of_the_help_has_one_line(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (80, 24)) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: pilot.app.screen is not chat(pilot))
        rows = list(pilot.app.screen.query("#help Static"))[1:]

        assert [row.size.height for row in rows] == [1] * len(rows)


async def test_a_narrow_screen_shortens_the_warning_to_a_whole_word_and_drops_whole_parts(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (45, 15)) as pilot:
        line = chat(pilot).status_line
        line.model, line.state, line.used, line.context = "pocket", "", 43, 2048
        await until(pilot, lambda: shown(pilot).splitlines()[-2] == " pocket · demonstration · context 43/2048")
        await pilot.resize_terminal(35, 15)
        await until(pilot, lambda: shown(pilot).splitlines()[-2] == " pocket · demonstration")


@slow_but_first(("width", "height"), [(20, 5), (15, 4), (20, 9), (60, 3)])
async def test_in_the_smallest_window_what_is_typed_is_seen_and_that_it_is_a_demonstration(
    corpus_file: Path, width: int, height: int
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes."))), (width, height)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: not chat(pilot).replies.busy)
        chat(pilot).status_line.own_text = "[voice]"
        for typed in ("/s", "Why", "Why?\n" * 9 + "So"):
            chat(pilot).composer.clear()
            chat(pilot).composer.insert(typed)
            await until(pilot, lambda typed=typed: typed[-2:] in shown(pilot))  # type: ignore[misc]
            assert "demonstration" in shown(pilot).splitlines()[-2]
        await pilot.press("escape", "f6")
        await until(pilot, lambda: "Well?" in chat(pilot).composer.text and "Well?" in shown(pilot))


async def test_the_screen_says_which_text_of_the_persona_a_demonstration_hardly_follows(
    corpus_file: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(load_persona("democrat").path.read_text() + '\n[voice]\nstyle = "Talk like a pirate."\n')
    note = "hardly follows the persona's [voice]"
    async with screen(session(corpus_file, ScreenEngine(), persona=str(own)), (120, 30)) as pilot:
        await until(pilot, lambda: note in shown(pilot).splitlines()[-2])
        await pilot.resize_terminal(62, 15)
        await until(pilot, lambda: shown(pilot).splitlines()[-2].endswith(f" · demonstration · {note}"))
        chat(pilot).show_persona(load_persona("republican").persona)
        await until(pilot, lambda: note not in shown(pilot))


async def test_a_base_model_is_called_one_beside_its_name(corpus_file: Path) -> None:
    info = EngineInfo("gemma", "llama", log_probabilities="exact", prompt_format="plain")
    async with screen(session(corpus_file, ScreenEngine(info=info)), SMALL) as pilot:
        assert shown(pilot).splitlines()[-2].startswith(" gemma · a base model: it continues text")
        await pilot.resize_terminal(30, 15)
        await until(pilot, lambda: shown(pilot).splitlines()[-2] == " gemma · base model")


async def test_a_recurrent_model_is_called_one_beside_its_name(corpus_file: Path) -> None:
    info = EngineInfo("lfm2", "llama", log_probabilities="exact", recurrent=True)
    async with screen(session(corpus_file, ScreenEngine(info=info)), SMALL) as pilot:
        assert shown(pilot).splitlines()[-2].startswith(" lfm2 · recurrent: probes one after the other, slower")
        await pilot.resize_terminal(30, 15)
        await until(pilot, lambda: shown(pilot).splitlines()[-2] == " lfm2 · recurrent")


@pytest.mark.slow
async def test_the_list_of_personas_marks_those_that_can_be_talked_with_but_not_measured(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "Choose a persona" in shown(pilot))
        await pilot.press(*"protestant")
        await until(pilot, lambda: "talk only" in shown(pilot))
        assert "A Protestant · talk only (RELIG=Protestant)" in shown(pilot)

        pilot.app.screen.query_one("#wanted").value = "democrat"  # type: ignore[attr-defined]
        await until(pilot, lambda: "A Democrat (POLPARTY=Democrat)" in shown(pilot))


def on_one_line(line: str) -> bool:
    """Whether a line of the help names what a key does and its id."""
    return re.search(r"Choose another persona +persona\b", line) is not None


@pytest.mark.slow
async def test_on_a_narrow_screen_the_id_of_a_key_stands_below_what_the_key_does(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (100, 160)) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: any(on_one_line(line) for line in shown(pilot).splitlines()))
        await pilot.resize_terminal(60, 160)
        await until(pilot, lambda: not any(on_one_line(line) for line in shown(pilot).splitlines()))

        lines = [line.replace("┃", "").rstrip() for line in shown(pilot).splitlines()]
        at = next(number for number, line in enumerate(lines) if "Choose another persona" in line)
        assert lines[at + 1].index("persona") == lines[at].index("Choose")


async def test_on_a_narrow_screen_a_conversation_in_the_list_is_folded_and_not_cut(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes."))), (44, 20)) as pilot:
        await type_text(pilot, "What should be done about guns in the cities?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "1 conversation" in shown(pilot).lower() and "democrat on fake ·" in shown(pilot))

        listed = " ".join(shown(pilot).replace("┃", " ").split())
        assert "What should be done about guns in the cities?" in listed
        assert "democrat on fake ·" in listed
        assert "2 messages" in listed
