"""Mutated answers of a server and mutated files: never an exception that reaches a person, always a sentence.

`python -m benchmarks.fuzzing` does the same ten thousand times.
"""

from pathlib import Path

import pytest

from benchmarks.fuzzing import fuzz_files, fuzz_servers


async def test_mutated_answers_of_a_server_end_in_a_result_or_in_a_sentence() -> None:
    ends, broken = await fuzz_servers(150, seed=1)
    assert broken == []
    assert ends.keys() == {"a result", "an error in a sentence"}
    assert ends.total() == 150


@pytest.mark.slow
def test_mutated_files_are_read_or_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    ends, broken = fuzz_files(30, seed=1)
    assert broken == []
    assert {"exit code 0", "exit code 2"} <= ends.keys()
    assert ends.total() == 30
