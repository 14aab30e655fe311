"""A screen on a model that says what a test tells it to; corpus, conversation and monitor are the real ones."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from chat_personas.corpus import Corpus
from chat_personas.models.found import Found
from chat_personas.monitor.monitor import Monitor
from chat_personas.settings import Settings, load_settings
from chat_personas.tui.app import ChatApp
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.session import Preview, Session
from chat_personas.tui.widgets import messages
from eval.engine import Engine, EngineInfo, Message, Piece, Probe, ProbeScore
from eval.surveys.loading import load_survey
from personas import LoadedPersona, Persona, load_persona
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.fakes import END, FakeEngine

SECONDS = 40.0


LEANING = {
    question.id: {
        text: (0.9009 if place == 0 else 0.9) / len(question.option_texts)
        for place, text in enumerate(question.option_texts)
    }
    for question in load_survey("civic").survey.questions
}
"""All but even, with a lean to the first option wherever it stands: what it says does not depend on the letters."""


class ScreenEngine(FakeEngine):
    """Talks by script and answers every probe all but evenly; `probed` counts the probes of the steered model."""

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
        async for score in AnsweringEngine(LEANING).score(prefix, probes):
            self.probed += bool(prefix)
            yield score


def reply(*pieces: str) -> list[str | Piece]:
    """A script that says `pieces` and ends properly."""
    return [*pieces, END]


def monitor(engine: Engine, persona: Persona, corpus: Corpus) -> Monitor:
    """What the application measures with."""
    return Monitor(engine, load_survey("civic"), persona.groups, corpus=corpus)


@dataclass
class FakeLaunch:
    """What a session is opened with: the persona `democrat` on `engine`, not measured unless a test says otherwise."""

    corpus_file: Path
    engine: Engine
    persona: str = "democrat"
    model: str | None = None
    template: str | None = None
    resume: str | None = None
    measure: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    theme: str | None = None
    validated: Settings | None = None
    log_path: None = None
    longest_wait: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    introduction_wanted: bool = False
    found: Found = field(default_factory=lambda: Found(files=(), servers=(), problems=()))
    others: Mapping[str, "FakeLaunch"] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        seen = {"measure": self.measure, "keys": self.keys, "theme": self.theme}
        return self.validated or Settings.model_construct(**seen)  # type: ignore[arg-type]

    @property
    def shown_model(self) -> str:
        return self.engine.info.name

    def preview(self) -> Preview:
        return Preview(self.persona, "fake", self.measure, self.keys, self.theme)

    def read_settings_again(self) -> None:
        self.validated = load_settings()

    def load_persona(self, name: str | None = None) -> LoadedPersona:
        return load_persona(name or self.persona)

    async def open_engine(self) -> Engine:
        return self.engine

    def open_corpus(self) -> Corpus:
        return Corpus.open(self.corpus_file)

    def make_monitor(self, engine: Engine, persona: Persona, corpus: Corpus) -> Monitor | None:
        return None

    def probing_confirmed(self, info: EngineInfo) -> bool:
        return info.local

    def remember_probing(self, info: EngineInfo) -> None: ...

    def find_models(self) -> Found:
        return self.found

    def want_introduction(self, wanted: bool) -> None:
        self.introduction_wanted = wanted

    def with_model(self, model: str) -> "FakeLaunch":
        return self.others[model]

    def remember_theme(self, name: str) -> None: ...


def session(corpus_file: Path, engine: Engine, **changes: object) -> Session:
    """A session of a `FakeLaunch`, some of whose attributes and methods are replaced by `changes`."""
    launch = FakeLaunch(corpus_file, engine)
    for name, change in changes.items():
        assert hasattr(launch, name), name
        setattr(launch, name, change)
    return Session(launch)


def opening(*outcomes: Engine | Exception | asyncio.Event) -> Callable[[], Awaitable[Engine]]:
    """Open a model by script, for `session(open_engine=…)`: wait for an event, raise an error, or return an engine."""
    rest = iter(outcomes)

    async def open_engine() -> Engine:
        outcome = next(rest)
        if isinstance(outcome, asyncio.Event):
            await outcome.wait()
            outcome = next(rest)
        if isinstance(outcome, Exception):
            raise outcome
        assert not isinstance(outcome, asyncio.Event)
        return outcome

    return open_engine


@asynccontextmanager
async def screen(
    session: Session, size: tuple[int, int] = (120, 36), *, ready: bool = True
) -> AsyncIterator[Pilot[None]]:
    """Run the application without a terminal; wait until a conversation is open, unless it need not be `ready`."""
    app = ChatApp(session)
    app.key_order.typing_on.seconds = 0.0  # tests answer as soon as a question is seen
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChatScreen))
        if ready:
            await until(pilot, lambda: app.session.conversation is not None or app.session.failure is not None)
        yield pilot


def chat(pilot: Pilot[None]) -> ChatScreen:
    """The screen with the conversation."""
    found = pilot.app.screen_stack[1]
    assert isinstance(found, ChatScreen)
    return found


def words(pilot: Pilot[None]) -> str:
    """Return what the screen shows as one line without frames: a sentence is found however it is wrapped."""
    return " ".join(shown(pilot).translate(str.maketrans("│▏▎▊", "    ")).split())


def asked(pilot: Pilot[None]) -> str:
    """Return the question of the dialog that is open, "" where there is none: on the screen, it may wrap anywhere."""
    found = pilot.app.screen.query("#question")
    return str(found.first(Static).render()) if found else ""


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Let the application work until `holds`; fail after a while.

    A pause of the pilot would send a message to every widget of the screen at every look.
    """
    try:
        async with asyncio.timeout(SECONDS):
            while not holds():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"this never came; the screen shows\n{shown(pilot)}") from None
    await pilot.pause()


def draw_without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have replies drawn as fast as they can be."""
    monkeypatch.setattr(messages, "SECONDS_BETWEEN_DRAWINGS", 0.001)
    monkeypatch.setattr(messages, "SECONDS_BETWEEN_PARTS", 0.001)
    monkeypatch.setattr(messages, "REST", 0)


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
