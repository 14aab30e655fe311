"""The pages of the exact prompt and of the last probe, as a person opens, turns and copies them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.widget import Widget

from chat_personas.corpus import Corpus
from chat_personas.engines.exact_prompt import ExactProbe, ExactPrompt, PromptPart
from eval.engine import EngineError, Message, Probe, Sampling
from personas import load_persona
from tests.corpus.making import conversation_row, talk
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words

PERSONA = load_persona("democrat").persona.model_dump_json(by_alias=True, exclude_none=True)


class Shows(ScreenEngine):
    """Counts a token for each letter of a message, and two for the opening of the reply."""

    async def exact_prompt(self, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
        said = [PromptPart("message", each.content, number, len(each.content)) for number, each in enumerate(messages)]
        parts = (*said, PromptPart("opening", "<a>\n", None, 2))
        return ExactPrompt(parts, sum(part.tokens or 0 for part in parts), 2048, 400)

    async def exact_probes(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
        return [ExactProbe(each.key, each.prompt, tuple(prefix)) for each in probes]


async def test_both_pages_are_opened_turned_and_copied(corpus_file: Path) -> None:
    opened = session(corpus_file, Shows(reply("[red]Yes[/red].")), measure=True, make_monitor=monitor)
    async with screen(opened, (100, 40)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "measured: 62 questions" in words(pilot))
        system = chat(pilot).session.conversation
        assert system is not None
        letters = len(system.system_prompt)

        await pilot.press("f3")
        await until(pilot, lambda: f"{letters + 5 + 15 + 2} tokens in all" in words(pilot))
        assert "message 2 of 2, assistant, 15 tokens" in words(pilot)
        assert "[red]Yes[/red]." in words(pilot)
        assert r"opening of the reply, 2 tokens: <a>\n" in words(pilot)
        await pilot.press("c")
        assert "[message 1 of 2, user, 5 tokens]\nWell?" in pilot.app.clipboard

        await pilot.press("p")
        await until(
            pilot, lambda: "What the last probe sent" in words(pilot) and "in the reversed order" in words(pilot)
        )
        assert "After the reply to message 1: question" in words(pilot)
        await pilot.press("c")
        assert pilot.app.clipboard.count("Answer with one letter only.") == 2
        assert "[in common, message 2 of 3, assistant]\n[red]Yes[/red]." in pilot.app.clipboard
        await pilot.press("p")
        await until(pilot, lambda: "tokens in all" in words(pilot))


async def test_without_a_round_the_command_says_so_in_one_sentence(corpus_file: Path) -> None:
    async with screen(session(corpus_file, Shows())) as pilot:
        await type_text(pilot, "/prompt probe")
        await until(pilot, lambda: "No probe was sent yet since this conversation was opened." in words(pilot))


@pytest.mark.slow
async def test_why_a_page_cannot_be_shown_is_said_without_control_characters(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        raise EngineError("the server said [red]\x1b]52;no")

    app = session(corpus_file, Shows(reply("Yes.")), measure=True, make_monitor=monitor)
    async with screen(app) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "measured: 62 questions" in words(pilot))
        monkeypatch.setattr(chat(pilot).session.monitor, "last_probe", fails)
        await type_text(pilot, "/prompt probe")
        await until(pilot, lambda: any("[red]" in each.message for each in pilot.app._notifications))
        (said,) = (each.message for each in pilot.app._notifications if "[red]" in each.message)
        assert "\x1b" not in said


@pytest.mark.slow
async def test_a_long_conversation_is_opened_with_as_few_widgets_as_a_short_one(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        row = conversation_row().model_copy(update={"persona": PERSONA})
        key = talk(corpus, *((f"Question {number}?", f"Reply {number}.") for number in range(100)), row=row)
    async with screen(session(corpus_file, Shows(), resume=key)) as pilot:
        await until(pilot, lambda: "Reply 99." in shown(pilot))
        await pilot.press("f3")
        await until(pilot, lambda: "tokens in all" in words(pilot))
        assert len(pilot.app.screen.query(Widget)) < 20
        await pilot.press("end")
        await until(pilot, lambda: "message 200 of 200, assistant, 9 tokens" in words(pilot))
