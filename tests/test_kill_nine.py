"""A program killed in mid-reply loses at most about a second (`benchmarks/kill_nine.py` does it twenty times)."""

from pathlib import Path

import pytest

from benchmarks.kill_nine import kill_once
from benchmarks.token_server import TokenServer
from chat_personas.corpus import Corpus


@pytest.mark.slow
def test_what_was_said_survives_kill_nine(tmp_path: Path) -> None:
    server = TokenServer()
    kills = [kill_once(server, tmp_path, f"Question {number}", 3.0 + 0.4 * number) for number in (1, 2)]
    server.shutdown()
    server.server_close()
    for kill in kills:
        assert kill.sent >= 55
        assert kill.fine, kill
    with Corpus.open(tmp_path / "data" / "corpus.db") as corpus:
        assert len(corpus.conversations()) == 2
        assert corpus.problems() == ()
