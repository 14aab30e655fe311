"""What `kill -9` in mid-reply loses: the program is killed again and again, and the corpus is read afterwards.

A loopback server streams 20 words a second to the line mode, which is killed at least three seconds into a reply. Every
message of the person and all but about the last second of each reply must be there, marked interrupted.

    python -m benchmarks.kill_nine --times 20
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.token_server import TokenServer
from chat_personas.corpus import Corpus, MessageRow

SECONDS_IN = 3.0
START_UP = 60.0
ALLOWED = 1.25
"""Seconds of a reply that may be lost: the interval of the flushes, the commit, and a busy machine."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: how many words had been sent, how many were kept, and how old the oldest lost one was."""

    question: str
    sent: int
    kept: int
    seconds_lost: float
    status: str

    @property
    def fine(self) -> bool:
        """Whether no more was lost than may be."""
        return self.status == "interrupted" and self.seconds_lost <= ALLOWED


def kill_once(server: TokenServer, home: Path, question: str, seconds_in: float) -> Kill:
    """Ask `question` in a new process, kill it `seconds_in` seconds after the first word, and read the corpus."""
    program = Path(sys.executable).parent / "chat-personas"
    command = [str(program), "chat", "democrat", "--plain", "--model", server.url]
    server.said = []
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "CHAT_PERSONAS_HOME": str(home)},
    )
    try:
        assert process.stdin is not None
        process.stdin.write(f"{question}\n")
        process.stdin.flush()
        _wait_for_first_word(server, process)
        time.sleep(seconds_in)
    finally:
        killed = time.monotonic()
        process.kill()
        process.wait()
    said = [moment for moment in server.said if moment <= killed]
    with Corpus.open(home / "data" / "corpus.db") as corpus:
        reply = _reply_to(corpus, question)
    kept = len(reply.text.split())
    if reply.text.split() != [f"w{number}" for number in range(1, kept + 1)]:
        raise AssertionError(f"not what was said: {reply.text!r}")
    lost = killed - said[kept] if kept < len(said) else 0.0
    return Kill(question, len(said), kept, lost, reply.status)


def _wait_for_first_word(server: TokenServer, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_UP
    while not server.said:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the program did not ask the server for a reply")
        time.sleep(0.01)


def _reply_to(corpus: Corpus, question: str) -> MessageRow:
    """Return the reply to the only conversation that begins with `question`; a lost question raises IndexError."""
    found = [row for row in corpus.conversations() if row.title == question]
    leaf = corpus.conversation(found[0].id).active_leaf_id
    assert leaf is not None
    said, reply = corpus.branch(leaf)
    if (said.text, said.status) != (question, "complete"):
        raise AssertionError(f"not what was asked: {said.text!r}")
    return reply


def main() -> int:
    """Kill as often as asked for, print what was lost, and fail if it was too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    server, chance = TokenServer(), random.Random(9)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        kills = []
        for number in range(1, times + 1):
            kill = kill_once(server, home, f"Question {number}", SECONDS_IN + chance.uniform(0.0, 1.5))
            kills.append(kill)
            words = f"{kill.kept:3} of {kill.sent:3} words kept"
            print(f"{number:3}  {words}, {kill.seconds_lost:.2f} s lost, {kill.status}", flush=True)
        with Corpus.open(home / "data" / "corpus.db") as corpus:
            kept = [len(_reply_to(corpus, kill.question).text.split()) for kill in kills]
            problems = corpus.problems()
    sound = kept == [kill.kept for kill in kills] and not problems
    worst = max(kill.seconds_lost for kill in kills)
    print(f"{times} kills: at most {worst:.2f} s lost; corpus {'sound' if sound else problems or 'changed later'}")
    return 0 if sound and all(kill.fine for kill in kills) else 1


if __name__ == "__main__":
    sys.exit(main())
