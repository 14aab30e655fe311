"""A conversation of 2,000 messages: from a key to its echo, and from the start of the program until it can be used."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.row import Measured, Row, Settings
from benchmarks.terminal import Terminal
from benchmarks.token_server import token_server
from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus
from eval.engine import EngineInfo, Sampling
from personas import load_persona

LONG, SHORT = 2000, 20
"""Messages of both sides."""
KEYS = [letter for letter in map(chr, range(0x100, 0x250)) if letter.isalpha()][:120]
BETWEEN_KEYS = 0.05
FOCUS_CHANGES = 20
SETTLES = 2.0
"""Seconds after the last message is on the screen in which those above it are drawn."""
FOCUS = ("\x1bOQ", "\x1bOQ")
"""F2 goes to the panel, and back to the text."""
REPLY = (
    "Some **bold** thought with a list:\n\n- one\n- two\n\n```python\nprint('x')\n```\n\nAnd [brackets] close. "
    + "More words follow here. " * 12
)


class Place(NamedTuple):
    """A home of the program, the address of its server, and the conversations there by their numbers of messages."""

    home: str
    url: str
    conversations: dict[int, str]

    def command(self, messages: int) -> list[str]:
        """Return the command line that opens a conversation of so many messages; 0 is a new one."""
        program = [str(Path(sys.executable).parent / "chat-personas"), "chat", "--model", self.url]
        return [*program, "--resume", self.conversations[messages]] if messages else program


@contextmanager
def place() -> Iterator[Place]:
    """Make a home with a long and a short conversation, and a server behind them."""
    with tempfile.TemporaryDirectory() as home, token_server() as url:
        folder = Path(home) / "config"
        folder.mkdir()
        (folder / "settings.toml").write_text("measure = false\n", encoding="utf-8")
        data = Path(home) / "data"
        data.mkdir(mode=0o700)
        with Corpus.open(data / "corpus.db") as corpus:
            yield Place(home, url, {messages: _conversation(corpus, messages) for messages in (LONG, SHORT)})


def _conversation(corpus: Corpus, messages: int) -> str:
    """Write a conversation of so many messages, and return its key."""
    info = EngineInfo("m", "openai")
    row = Conversation.start(corpus, _Named(info), load_persona("democrat")).unspoken  # type: ignore[arg-type]
    assert row is not None
    parent = None
    for turn in range(messages // 2):
        new = row if turn == 0 else None
        _, reply = corpus.begin_turn(row.id, parent, f"Question {turn}?", info, Sampling(), new=new)
        corpus.end_reply(reply.id, f"Reply {turn}. {REPLY}{'.' * 3} THE END", "complete", finish_reason="stop")
        parent = reply.id
    return row.id


class _Named(NamedTuple):
    """As much of an engine as a conversation needs to begin."""

    info: EngineInfo


def measure_keys(settings: Settings) -> Measured:
    """Type into a long and into an empty conversation, and at the end change the focus before every key."""
    after: dict[str, list[float]] = {"long": [], "empty": []}
    with place() as here:
        pairs = interleaved(
            lambda _: _slow_echo(here.command(LONG), b"END", here.home, after["long"]),
            lambda _: _slow_echo(here.command(0), b"guns?", here.home, after["empty"]),
            settings.repeats,
            settings.tell,
        )
    described = {"messages": LONG, "keys": len(KEYS) - FOCUS_CHANGES, "focus changes": FOCUS_CHANGES}
    slow = {name: 1000 * float(np.quantile(echoes, 0.95)) for name, echoes in after.items()}
    notes = (
        "each figure is the 95th percentile over the keys of one run, without those right after a change of the focus",
        f"right after a change of the focus: {slow['long']:.0f} ms, in the empty conversation {slow['empty']:.0f} ms",
    )
    return Measured(pairs, described, notes)


def _slow_echo(command: Sequence[str], ready: bytes, home: str, after_focus: list[float]) -> Timing:
    """Return the 95th percentile of the seconds to echo; those of keys right after a focus change go to a list."""
    echoes = list[float]()
    with Terminal(command, {"CHAT_PERSONAS_HOME": home}) as terminal:
        terminal.seconds_until(ready)
        terminal.watch(SETTLES)
        for number, letter in enumerate(KEYS):
            focused = number >= len(KEYS) - FOCUS_CHANGES  # at the end, so that no other key waits for one
            for key in FOCUS if focused else ():
                terminal.write(key)
            terminal.write(letter)
            (after_focus if focused else echoes).append(terminal.seconds_until(letter.encode(), 120.0))
            terminal.watch(BETWEEN_KEYS)
    return Timing(float(np.quantile(echoes, 0.95)))


def measure_opening(settings: Settings) -> Measured:
    """Start the program with a long and with a short conversation, until its end is shown and a key is echoed."""
    with place() as here:
        pairs = interleaved(
            lambda _: _usable(here.command(LONG), here.home),
            lambda _: _usable(here.command(SHORT), here.home),
            settings.repeats,
            settings.tell,
        )
    return Measured(pairs, {"messages": LONG, "against messages": SHORT})


def _usable(command: Sequence[str], home: str) -> Timing:
    with Terminal(command, {"CHAT_PERSONAS_HOME": home}) as terminal:
        terminal.seconds_until(b"END", 120.0)
        terminal.write(KEYS[0])
        terminal.seconds_until(KEYS[0].encode(), 120.0)
        return Timing(time.perf_counter() - terminal.began)


KEY = Row(
    name="long-conversation-key",
    what=f"key press to echo in a conversation of {LONG:,} messages, 95th percentile",
    against="the same in an empty conversation",
    goal=Goal(1.25),
    unit="s",
    measure=measure_keys,
)
OPENING = Row(
    name="open-conversation",
    what=f"from the start of the program until a conversation of {LONG:,} messages is shown and a key is echoed",
    against=f"the same with a conversation of {SHORT} messages",
    goal=Goal(1.5),
    unit="s",
    measure=measure_opening,
)
