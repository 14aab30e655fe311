"""What a model, a person or a file says is shown as text: it styles nothing and commands nothing."""

from pathlib import Path

from textual.pilot import Pilot

from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until

MARKUP = "[bold]b[/bold] [@click=app.quit]go[/] <b>tag</b>"


def actions(pilot: Pilot[None]) -> list[str]:
    """Return every action that a click on the screen would run."""
    strips = pilot.app.screen._compositor.render_strips()
    return [
        segment.style.meta["@click"]
        for strip in strips
        for segment in strip
        if segment.style is not None and "@click" in segment.style.meta
    ]


async def test_markup_in_a_reply_is_shown_as_text(corpus_file: Path) -> None:
    async with screen(
        session(corpus_file, ScreenEngine(reply("[bold]b[/bo", "ld] [@click=app.quit]go[/] <b>tag</b>")))
    ) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: not chat(pilot).replies.busy and MARKUP in shown(pilot))

        assert actions(pilot) == []


async def test_markup_in_what_the_person_says_and_in_the_title_is_shown_as_text(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, MARKUP)
        await until(pilot, lambda: "Yes." in shown(pilot) and shown(pilot).count(MARKUP) == 2)

        assert actions(pilot) == []
        await pilot.press("ctrl+o")
        await until(pilot, lambda: MARKUP in shown(pilot) and "1 conversation" in shown(pilot).lower())
        await pilot.press("delete")
        await until(pilot, lambda: f"Delete “{MARKUP}”" in shown(pilot))


async def test_links_and_images_in_a_reply_show_their_address_and_do_nothing(corpus_file: Path) -> None:
    said = "[bank](http://no.bank) ![x](http://t) <http://a> http://b"
    async with screen(session(corpus_file, ScreenEngine(reply(said)))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: not chat(pilot).replies.busy and said in shown(pilot))

        assert actions(pilot) == []


async def test_control_characters_are_made_visible_and_never_reach_the_terminal(corpus_file: Path) -> None:
    said = reply("red \x1b[31m bell \x07 title \x1b]0;x\x07", " entity &#27;[31m csi \x9b31m rtl \u202e end")
    async with screen(session(corpus_file, ScreenEngine(said))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: not chat(pilot).replies.busy and "end" in shown(pilot))

        assert "␛[31m" in shown(pilot)
        assert "&#27;[31m" in shown(pilot)
        assert not set(shown(pilot)) & set("\x1b\x07\x9b\u202e")


async def test_emphasis_lists_and_code_are_drawn(corpus_file: Path) -> None:
    said = "It is **plain**:\n\n- one\n- two\n\n```\nx = [1]\n```\nline\nbreak"
    async with screen(session(corpus_file, ScreenEngine(reply(said)))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: not chat(pilot).replies.busy and "break" in shown(pilot))

        assert "It is plain:" in shown(pilot)
        assert "• one" in shown(pilot)
        assert "x = [1]" in shown(pilot)
        assert "line break" not in shown(pilot)
