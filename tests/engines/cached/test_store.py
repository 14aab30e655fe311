"""The cache on disk: private, shared by processes, never in the way."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from chat_personas.engines.cached import AnswerStore, CacheError, Run

WRITE = """
import os, signal, sys
from pathlib import Path
from chat_personas.engines.cached import AnswerStore
store = AnswerStore.open(Path(sys.argv[1]))
run = store.begin(sys.argv[2], fresh=False)
for number in range(100):
    store.put(f"{sys.argv[2]} {number}", "{}", model="m", run=run.id)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_answers_are_there_for_whoever_opens_the_cache_next(cache_file: Path) -> None:
    store = AnswerStore.open(cache_file)
    run = store.begin("c", fresh=False)
    keys = [f"key {number}" for number in range(1200)]
    for key in keys:
        store.put(key, f'"{key}"', model="m", run=run.id)
    again = AnswerStore.open(cache_file)  # the first is not even closed: every answer is committed as it comes
    found = again.get([*keys, "never asked"])
    assert {key: kept.text for key, kept in found.items()} == {key: f'"{key}"' for key in keys}


def test_only_its_owner_can_read_it(cache_file: Path, store: AnswerStore) -> None:
    store.put("k", "1", model="m", run=1)
    assert cache_file.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in cache_file.parent.iterdir()} == {0o600}


@pytest.mark.slow
def test_several_processes_write_at_once(cache_file: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", WRITE, str(cache_file), name]) for name in ("one", "two", "six")]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    store = AnswerStore.open(cache_file)
    assert [model.answers for model in store.models()] == [300]


def test_a_process_that_is_killed_leaves_every_answer_it_had_and_a_run_to_take_up(cache_file: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", WRITE, str(cache_file), "killed"], check=False)
    assert killed.returncode == -signal.SIGKILL
    store = AnswerStore.open(cache_file)
    assert [model.answers for model in store.models()] == [100]
    assert store.interrupted("killed") is not None


def test_a_run_that_did_not_finish_can_be_taken_up_and_one_that_did_cannot(store: AnswerStore) -> None:
    assert store.interrupted("c") is None
    first = store.begin("c", fresh=True)
    assert store.interrupted("c") == first == Run(first.id, fresh=True)
    second = store.begin("c", fresh=False)
    assert store.interrupted("c") == second
    store.finish(second)
    assert store.interrupted("c") is None


def test_answers_of_one_run_can_be_had_apart(store: AnswerStore) -> None:
    old, new = store.begin("old", fresh=False), store.begin("new", fresh=True)
    store.put("a", "1", model="m", run=old.id)
    store.put("b", "2", model="m", run=new.id)
    assert set(store.get(["a", "b"])) == {"a", "b"}
    assert set(store.get(["a", "b"], new.id)) == {"b"}


def test_clearing_removes_all_or_one_model_and_no_run_is_ever_taken_for_another(store: AnswerStore) -> None:
    before = store.begin("c", fresh=True)
    store.put("a", "1", model="m", run=before.id)
    store.put("b", "2", model="n", run=before.id)
    assert store.clear("m") == 1
    assert [model.name for model in store.models()] == ["n"]
    assert store.clear() == 1
    assert store.models() == ()
    assert store.begin("c", fresh=True).id > before.id


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\x00" + b"x" * 5000])
def test_a_damaged_file_is_one_line_that_says_what_to_do(cache_file: Path, content: bytes) -> None:
    cache_file.parent.mkdir()
    cache_file.write_bytes(content)
    with pytest.raises(CacheError, match="chat-personas cache clear"):
        AnswerStore.open(cache_file)


def test_another_programs_database_is_left_alone(cache_file: Path) -> None:
    cache_file.parent.mkdir()
    with sqlite3.connect(cache_file) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(CacheError, match="another program"):
        AnswerStore.open(cache_file)
    assert sqlite3.connect(cache_file).execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_directory_in_the_way_is_one_line(cache_file: Path) -> None:
    cache_file.mkdir(parents=True)
    with pytest.raises(CacheError, match="cannot be"):
        AnswerStore.open(cache_file)


OLDER = """
CREATE TABLE answers (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, made_at TEXT NOT NULL, run INTEGER NOT NULL, value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL UNIQUE, anew INTEGER NOT NULL, began_at TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0
);
INSERT INTO answers VALUES ('a key that left out the build', 'qwen', '2026-11-01T00:00:00+00:00', 1, '{}');
PRAGMA application_id = 0x43504143;
"""


def test_a_cache_of_version_0_1_opens_and_keeps_its_answers_beside_new_ones(cache_file: Path) -> None:
    cache_file.parent.mkdir()
    with sqlite3.connect(cache_file) as older:
        older.executescript(OLDER)
    older.close()
    store = AnswerStore.open(cache_file)
    run = store.begin("c", fresh=False)
    store.put("a key with the build", "{}", model="qwen", run=run.id)
    assert [(each.name, each.answers, each.oldest[:10]) for each in store.models()] == [("qwen", 2, "2026-11-01")]
    store.close()
