"""From the arguments of `chat` to the screen, with nothing imported that its first frame can do without.

The most common command line, `chat-personas democrat --model M`, is read here without the command parser: importing it
and building a command takes half as long as everything else before the first frame. Anything else, mistakes included,
is left to the parser.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from chat_personas.cli.errors import UsageError

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.models.found import Found
    from chat_personas.monitor.monitor import Monitor, Unsteered
    from chat_personas.settings import Settings
    from chat_personas.tui.app import TerminalApp
    from chat_personas.tui.session import Preview, Session
    from eval.engine import Engine, EngineInfo
    from eval.surveys.loading import LoadedSurvey
    from personas import LoadedPersona, Persona


@dataclass(frozen=True)
class Launch:
    """The arguments of `chat` over the settings; nothing is read before it is asked for.

    None means what the settings say, and for `resume` a new conversation.
    """

    persona: str | None = None
    model: str | None = None
    survey: str | None = None
    resume: str | None = None
    template: str | None = None

    def preview(self) -> "Preview":
        """Return the settings for the first frame, not validated; the model without secrets in its URL."""
        from chat_personas.settings_preview import glance
        from chat_personas.tui.session import Preview
        from personas.inputs.redaction import without_secrets

        seen = glance()
        return Preview(
            persona=self.persona or seen["persona"],
            model=without_secrets(self.model or seen["model"], words=False),
            measure=seen["measure"],
            keys=seen["keys"],
            theme=seen["theme"],
        )

    @cached_property
    def settings(self) -> "Settings":
        """The validated settings. Raises SettingsError, and UnknownModelError for a template without a model file."""
        from chat_personas.settings import load_settings

        if self.template is None:
            return load_settings()
        from chat_personas.engines.open import with_template

        return with_template(load_settings(), self.model, self.template)

    @property
    def given(self) -> Mapping[str, str]:
        """The settings that the command line sets, by their names."""
        named = {"persona": self.persona, "model": self.model, "survey": self.survey}
        return {name: value for name, value in named.items() if value is not None}

    def read_settings_again(self) -> None:
        """Let `settings` be what the file says now."""
        self.__dict__.pop("settings", None)

    @cached_property
    def loaded_survey(self) -> "LoadedSurvey":
        """The survey to measure with. Raises SurveyError."""
        from chat_personas.surveys import find_survey

        return find_survey(self.survey or self.settings.survey)

    @property
    def shown_model(self) -> str:
        """The model that was asked for, without secrets in its URL. Raises SettingsError."""
        from chat_personas.engines.open import shown_model

        return shown_model(self.model or self.settings.model)

    @property
    def longest_wait(self) -> str:
        """Say for how long the server that was asked for is waited for. Raises SettingsError."""
        from chat_personas.engines.open import longest_wait

        return longest_wait(self.model or self.settings.model, self.settings)

    @property
    def log_path(self) -> Path:
        """Where native libraries may write while the screen is up, in a directory that only the user can read."""
        from chat_personas.paths import log_path, make_private

        path = log_path()
        make_private(path.parent)
        return path

    def load_persona(self, name: str | None = None) -> "LoadedPersona":
        """Read a persona by name or path, or compose it of groups; None: the one that was asked for.

        Raises:
            PersonaError: there is no such persona.
        """
        from chat_personas.own_personas import find_persona

        return find_persona(name or self.persona or self.settings.persona)

    async def open_engine(self) -> "Engine":
        """Open the model that was asked for. Raises EngineError."""
        from chat_personas.engines.open import open_engine

        return await open_engine(self.model or self.settings.model, self.settings)

    def open_corpus(self) -> "Corpus":
        """Open the corpus, creating it the first time. Raises CorpusError."""
        from chat_personas.corpus import Corpus
        from chat_personas.paths import corpus_path, make_private

        path = corpus_path()
        make_private(path.parent)
        return Corpus.open(path)

    @cached_property
    def _unsteered(self) -> "Unsteered":
        """What models answer without steering: asked once, for all personas of the session."""
        return {}

    def make_monitor(self, engine: "Engine", persona: "Persona", corpus: "Corpus") -> "Monitor":
        """Make the monitor that measures `persona` on `engine` while people talk with it."""
        import logging

        from chat_personas.engines.cached import remembering
        from chat_personas.monitor.monitor import Monitor

        return Monitor(
            engine,
            self.loaded_survey,
            persona.groups,
            corpus=corpus,
            persona=persona.name,
            seconds=self.settings.probe_seconds,
            unsteered=self._unsteered,
            remembering=lambda engine: remembering(engine, "chat", logging.getLogger(__name__).warning),
        )

    def find_models(self) -> "Found":
        """Look for models in files and on servers of this machine. Raises SettingsError."""
        from chat_personas.models.found import find_models
        from chat_personas.paths import models_directory

        folder = self.settings.models_folder
        further = None if folder is None else Path(folder).expanduser()
        return find_models(models_directory(), further, self.settings.context_length)

    @property
    def introduction_wanted(self) -> bool:
        """Whether the introduction is shown: the person has not dismissed it for good."""
        from chat_personas.paths import introduction_path

        try:
            return not introduction_path().exists()
        except OSError:  # what it says cannot be read; whoever cannot be asked is left in peace
            return False

    def want_introduction(self, wanted: bool) -> None:
        """Remember whether the introduction is shown from now on. Raises OSError."""
        from chat_personas.paths import introduction_path, make_private

        path = introduction_path()
        if wanted:
            path.unlink(missing_ok=True)
        else:
            make_private(path.parent)
            path.touch(mode=0o600)

    def with_model(self, model: str) -> "Launch":
        """Return the same with another model. Raises UnknownModelError."""
        return replace(self, model=model, template=None)

    def remember_theme(self, name: str) -> None:
        """Put a theme into the settings. Raises SettingsError, and OSError where the file cannot be written."""
        from chat_personas.settings_file import remember_theme

        remember_theme(name)

    def probing_confirmed(self, info: "EngineInfo") -> bool:
        """Whether this engine may be probed: it runs on this machine, or the user has agreed before."""
        from chat_personas.consent import is_confirmed

        return is_confirmed(info)

    def remember_probing(self, info: "EngineInfo") -> None:
        """Remember that the user has agreed to have this engine's server probed."""
        from chat_personas.consent import remember

        remember(info)


WITHOUT_A_SCREEN = frozenset({"dumb", "unknown"})
"""The values of TERM that say that nothing can be drawn, as in a shell within an editor."""


def has_terminal() -> bool:
    """Whether a screen may be shown: on a terminal that can draw, and the person has not set `accessible`."""
    return on_terminal() and os.environ.get("TERM", "").lower() not in WITHOUT_A_SCREEN and not set_accessible()


def on_terminal() -> bool:
    """Whether both standard input and output are terminals."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stdout)


def set_accessible() -> bool:
    """Whether the setting `accessible` asks for plain lines, as for a screen reader."""
    from chat_personas.settings_preview import is_accessible

    return is_accessible()


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether this stream is a terminal; None is a stream that was closed before the program began."""
    return stream is not None and stream.isatty()


def open_screen(launch: Launch) -> int:
    """Show the screen on which people talk until the person leaves it, and return the exit code.

    Where something was said, standard output says then how to go on with it.

    Raises:
        KeyboardInterrupt: Ctrl+C came before the screen listened to it.
        Exception: an error that leaves nothing to do, as `ChatApp.run` does.
    """
    made: list[Session] = []

    def make() -> "TerminalApp":
        from chat_personas.tui.app import ChatApp
        from chat_personas.tui.session import Session

        made.append(Session(launch))
        return ChatApp(*made)

    try:
        return run_on_screen(make)
    finally:
        for session in made:
            _say_how_to_go_on(session)


def _say_how_to_go_on(session: "Session") -> None:
    """Say how the conversation that was left goes on, unless nobody can read it any more."""
    from chat_personas.tui.leaving import terminal_gone

    if session.how_to_go_on is not None and not terminal_gone():
        with suppress(OSError):
            print(f"Go on with: {session.how_to_go_on}", flush=True)


def run_on_screen(make: "Callable[[], TerminalApp]") -> int:
    """Run the application that `make` imports and makes, and return the exit code; raises as `open_screen` does."""
    with _keys_waiting():
        _check_toolkit()
        app = make()
        app.run()
    if app.return_code is None:  # asyncio has cancelled it, which Textual takes for an end in good order
        raise KeyboardInterrupt
    return app.return_code


COLOUR_SYSTEMS = ("auto", "standard", "256", "truecolor", "windows")


def _check_toolkit() -> None:
    """Raise UsageError for a variable of Textual's, the toolkit, with which it cannot draw a screen."""
    if (colours := os.environ.get("TEXTUAL_COLOR_SYSTEM")) and colours not in COLOUR_SYSTEMS:
        known = ", ".join(COLOUR_SYSTEMS)
        raise UsageError(f"TEXTUAL_COLOR_SYSTEM in the environment names no colours; unset it, or give one of {known}")
    if (log := os.environ.get("TEXTUAL_LOG")) and (Path(log).is_dir() or not Path(log).absolute().parent.is_dir()):
        raise UsageError("TEXTUAL_LOG in the environment names no file that can be written; unset or correct it")
    if driver := os.environ.get("TEXTUAL_DRIVER"):
        module, _, name = driver.partition(":")
        try:
            found = getattr(import_module(module), name, None)
        except (ImportError, ValueError):
            found = None
        from textual.driver import Driver

        if not (isinstance(found, type) and issubclass(found, Driver)):
            raise UsageError("TEXTUAL_DRIVER in the environment names no driver of Textual; unset it")


@contextmanager
def _keys_waiting() -> Iterator[None]:
    """Let Ctrl+Q and Ctrl+S wait as keys while the screen is imported, and leave the terminal as it was.

    The terminal itself would take them for flow control, and they would be lost.
    """
    try:
        import termios
    except ImportError:  # Windows has no such terminals
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    with suppress(termios.error):
        termios.tcsetattr(descriptor, termios.TCSANOW, [before[0] & ~termios.IXON, *before[1:]])
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSANOW, before)


OPTIONS = {"--model": "model", "--survey": "survey", "--resume": "resume"}


def read(arguments: Sequence[str]) -> Launch | None:
    """Return the arguments of the screen, as the parser would read them; None where they are left to the parser."""
    if not arguments or arguments[0] != "chat":
        return None
    found: dict[str, str] = {}
    words = iter(arguments[1:])
    for word in words:
        name, value = _option(word, words) if word.startswith("--") else ("persona", word)
        if name is None or name in found or not value or value.startswith("-"):
            return None
        found[name] = value
    return None if {"persona", "resume"} <= found.keys() else Launch(**found)


def _option(word: str, rest: Iterator[str]) -> tuple[str | None, str]:
    """Return name and value of `--name=value`, or of `--name` and the next word; None for an unknown name."""
    name, is_joined, value = word.partition("=")
    return OPTIONS.get(name), value if is_joined else next(rest, "")
