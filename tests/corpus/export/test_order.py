"""The order in which conversations leave: a fork after its original, at a cost that grows with the corpus only."""

from pathlib import Path

from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.export.source import reading
from tests.corpus.making import branch_of, talk


def _corpus_with_forks(path: Path, number: int) -> list[tuple[str, str]]:
    """Fill a corpus with conversations that were each forked once; return the keys of both."""
    with Corpus.open(path) as corpus:
        originals = [talk(corpus, (f"Question {place}?", "Yes.")) for place in range(number)]
        return [(key, corpus.fork(branch_of(corpus, key)[-1].id)) for key in originals]


def _steps(path: Path) -> int:
    """How many hundreds of steps SQLite takes to find the order of all conversations."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with reading(path, Selection(own=True)) as source:
        source._connection.set_progress_handler(count, 100)
        source._find_families()
        source._connection.set_progress_handler(None, 0)
    return taken


def test_a_fork_leaves_right_after_its_original(tmp_path: Path) -> None:
    path = tmp_path / "corpus.db"
    pairs = _corpus_with_forks(path, 3)
    with reading(path, Selection(own=True)) as source:
        left = [(row.id, source.begins_with(row)) for row in source.conversations()]
    assert left == [each for key, fork in pairs for each in ((key, key), (fork, key))]


def test_twice_as_many_forks_take_about_twice_the_work_to_put_in_order(tmp_path: Path) -> None:
    _corpus_with_forks(tmp_path / "some.db", 100)
    _corpus_with_forks(tmp_path / "more.db", 200)
    assert _steps(tmp_path / "more.db") < 3 * _steps(tmp_path / "some.db"), "four times would be all pairs"
