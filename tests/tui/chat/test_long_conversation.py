"""What grows with the conversation is not done again when the focus changes."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from personas import load_persona
from tests.corpus.making import conversation_row, talk
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, screen, session, shown, until

PERSONA = load_persona("democrat").persona.model_dump_json(by_alias=True, exclude_none=True)
REPLY = "Some **bold** thought:\n\n- one\n- two\n\n```python\nprint('x')\n```\n\nAnd more."


@slow_but_first("keys", [("f2", "escape"), ("f2", "f2"), ("alt+p", "alt+p")])
@pytest.mark.parametrize("size", [(120, 36), pytest.param((80, 24), marks=pytest.mark.slow)])
async def test_a_change_of_focus_finds_no_styles_of_what_was_said_again(
    corpus_file: Path, keys: tuple[str, ...], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Corpus.open(corpus_file) as corpus:
        said = [(f"Question {number}?", f"Reply {number}. {REPLY}") for number in range(30)]
        key = talk(corpus, *said, row=conversation_row().model_copy(update={"persona": PERSONA}))
    async with screen(session(corpus_file, ScreenEngine(), resume=key), size) as pilot:
        await until(pilot, lambda: "And more." in shown(pilot))
        inside = set(chat(pilot).transcript.walk_children())
        assert len(inside) > 100
        restyled = list[object]()
        update = pilot.app.stylesheet.update_nodes
        monkeypatch.setattr(
            pilot.app.stylesheet,
            "update_nodes",
            lambda nodes, animate=False: (restyled.extend(inside & set(nodes := list(nodes))), update(nodes, animate)),
        )
        await pilot.press(*keys)
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        chat(pilot).set_focus(chat(pilot).transcript)
        await until(pilot, lambda: chat(pilot).transcript.has_focus)
        assert restyled == []
