"""A screen on a model that says what a test tells it to; corpus, conversation and monitor are the real ones."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from chat_personas.corpus import Corpus
from chat_personas.monitor.monitor import Monitor
from chat_personas.tui.app import ChatApp
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.session import SessionSpec
from eval.engine import Engine, EngineInfo, Message, Piece, Probe, ProbeScore
from eval.surveys.loading import load_survey
from personas import Persona, load_persona
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.fakes import END, FakeEngine

SECONDS = 40.0


class ScreenEngine(FakeEngine):
    """Talks by script and answers every probe evenly; `probed` counts the probes."""

    def __init__(
        self, *scripts: Sequence[str | Piece | BaseException | asyncio.Event], info: EngineInfo | None = None
    ) -> None:
        super().__init__(*scripts)
        self._screen_info = info or replace(super().info, log_probabilities="exact", demonstration=True)
        self.probed = 0

    @property
    def info(self) -> EngineInfo:
        return self._screen_info

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        async for score in AnsweringEngine().score(prefix, probes):
            self.probed += 1
            yield score


def reply(*pieces: str) -> list[str | Piece]:
    """A script that says `pieces` and ends properly."""
    return [*pieces, END]


def monitor(engine: Engine, persona: Persona, corpus: Corpus) -> Monitor:
    """What the application measures with."""
    return Monitor(engine, load_survey("civic"), persona.groups, corpus=corpus)


def session(corpus_file: Path, engine: Engine, **changes: object) -> SessionSpec:
    """A sitting with the persona `democrat` that does not measure, unless `changes` say otherwise."""

    async def open_engine() -> Engine:
        return engine

    plain = SessionSpec(
        persona="democrat",
        model="fake",
        load_persona=load_persona,
        open_engine=open_engine,
        open_corpus=lambda: Corpus.open(corpus_file),
        measure=False,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def screen(
    session: SessionSpec, size: tuple[int, int] = (120, 36), *, ready: bool = True
) -> AsyncIterator[Pilot[None]]:
    """Run the application without a terminal; wait until a conversation is open, unless it need not be `ready`."""
    app = ChatApp(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChatScreen))
        if ready:
            await until(pilot, lambda: app.sitting.conversation is not None or app.sitting.failure is not None)
        yield pilot


def chat(pilot: Pilot[None]) -> ChatScreen:
    """The screen with the conversation."""
    found = pilot.app.screen_stack[1]
    assert isinstance(found, ChatScreen)
    return found


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Let the application work until `holds`; fail after a while."""
    try:
        async with asyncio.timeout(SECONDS):
            while not holds():
                await pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(f"this never came; the screen shows\n{shown(pilot)}") from None
    await pilot.pause()


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Type as a person does, and send."""
    chat(pilot).composer.insert(text)
    await pilot.press("enter")


async def edit_last(pilot: Pilot[None], text: str) -> None:
    """Change the last message to `text`, and send it."""
    composer = chat(pilot).composer
    await pilot.press("f6")
    await until(pilot, lambda: composer.has_class("-editing"))
    composer.text = text
    await pilot.press("enter")


def shown(pilot: Pilot[None]) -> str:
    """What stands on the screen, line by line."""
    width = pilot.app.size.width
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.ljust(width).rstrip() for strip in lines)
