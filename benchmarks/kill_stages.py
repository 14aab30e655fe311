"""What `kill -9` loses, wherever it comes: the program is killed in every stage of its work, and started again.

A run of a stage starts the program, waits for what the stage is about, kills it, at once or after a random time, and
then opens the corpus as the next start does. A run counts as held if the database is sound, everything that the program
had acknowledged is there (messages, renamed titles, ratings, rounds shown as complete, files said to be written), at
most `ALLOWED` seconds of a reply are lost, and no file of the killed process is left.

How a program is started and killed, and what the next start must find: `benchmarks.killed_program`. The model is a
loopback server.

    python -m benchmarks.kill_stages --times 500
    python -m benchmarks.kill_stages --times 4 --stage export
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.killed_program import (
    PATIENCE,
    QUESTIONS,
    Lab,
    LostError,
    Program,
    branch_with,
    command,
    expect,
    warm,
)
from benchmarks.token_server import token_server
from chat_personas.corpus import Corpus, RatingRow
from chat_personas.corpus.migrations import APPLICATION_ID, migrations
from chat_personas.corpus.sql import new_key, now
from chat_personas.models import pocket_path

ALLOWED = 1.25
"""Seconds of a reply that may be lost: the interval of the flushes, the commit, and a busy machine."""
PER_SECOND = 20.0


WHOLE = "w1 w2 w3 w4 w5"

# The stages. Each does one run.


def opening(lab: Lab) -> None:
    """Killed at a random moment while the program opens; every second time there is no corpus yet."""
    lab.number += 1
    if lab.number % 2:
        shutil.rmtree(lab.home, ignore_errors=True)
    lab.line_mode().kill(lab.chance.uniform(0.0, 0.4))
    lab.home.joinpath("data").mkdir(parents=True, exist_ok=True)
    with lab.corpus():
        pass


def first_message(lab: Lab) -> None:
    """Killed when the model begins to answer the first message."""
    said = lab.question()
    program = lab.line_mode()
    program.type(f"{said}\n")
    program.wait_for(r"\bw1\b")
    program.kill()
    with lab.corpus() as corpus:
        expect(branch_with(corpus, said)[0].status == "complete", "the message is not whole")


def mid_reply(lab: Lab) -> None:
    """Killed at a random moment of a reply of 20 words a second."""
    said = lab.question()
    program = lab.line_mode(model=lab.steady)
    program.type(f"{said}\n")
    program.wait_for(r"\bw1\b")
    shown = len(re.findall(r"\bw\d+ ", program.kill(lab.chance.uniform(0.2, 3.0))))
    with lab.corpus() as corpus:
        reply = branch_with(corpus, said)[-1]
        kept = reply.text.split()
        expect(kept == [f"w{number}" for number in range(1, len(kept) + 1)], f"not what was said: {reply.text!r}")
        expect((shown - len(kept)) / PER_SECOND <= ALLOWED, f"{shown - len(kept)} words lost")
        expect(reply.status == "interrupted", f"it is called {reply.status}")


def after_reply(lab: Lab) -> None:
    """Killed when a reply has ended."""
    said = lab.question()
    program = lab.line_mode()
    program.type(f"{said}\n")
    program.wait_for(r"w5 \r?\n")
    program.kill()
    with lab.corpus() as corpus:
        reply = branch_with(corpus, said)[-1]
        expect((reply.text.strip(), reply.status) == (WHOLE, "complete"), f"{reply.status}: {reply.text!r}")


def _measured(corpus: Corpus, conversation_id: str, message_id: str | None) -> None:
    rows = [row for row in corpus.measurements(conversation_id) if row.message_id == message_id and row.complete]
    expect(bool(rows), "the round that was shown as complete is lost")
    expect(len(corpus.probes(rows[0].id)) == 2 * QUESTIONS, "the round is not whole")


def turn_0_in_lines(lab: Lab) -> None:
    """Killed when the line mode has printed the round before the first message."""
    before = _conversations(lab)
    program = lab.line_mode("--measure", "--survey", str(lab.survey))
    program.wait_for(rf"\[turn 0, {QUESTIONS} of")
    program.kill()
    _one_more_measured(lab, before)


def turn_0_on_the_screen(lab: Lab) -> None:
    """Killed when the panel shows the round before the first message as complete."""
    before = _conversations(lab)
    program = lab.screen("--survey", str(lab.survey), measure=True)
    program.wait_for(rf"measured: {QUESTIONS} questions")
    program.kill()
    _one_more_measured(lab, before)


def turn_0_and_a_message(lab: Lab) -> None:
    """Killed when the first word comes after a round that the panel has shown as complete."""
    said = lab.question()
    program = lab.screen("--survey", str(lab.survey), measure=True)
    program.wait_for(rf"measured: {QUESTIONS} questions")
    program.type(f"{said}\r")
    program.wait_for(r"\bw1\b")
    program.kill()
    with lab.corpus() as corpus:
        _measured(corpus, branch_with(corpus, said)[0].conversation_id, None)


def _conversations(lab: Lab) -> set[str]:
    if not lab.corpus_file.exists():
        return set()
    with lab.corpus() as corpus:
        return {row.id for row in corpus.conversations()}


def _one_more_measured(lab: Lab, before: set[str]) -> None:
    with lab.corpus() as corpus:
        new = {row.id for row in corpus.conversations()} - before
        expect(len(new) == 1, "the round that was shown as complete is lost")
        _measured(corpus, new.pop(), None)


def probing(lab: Lab) -> None:
    """Killed at a random moment of the round that follows a reply."""
    said = lab.question()
    program = lab.line_mode("--measure", "--survey", str(lab.survey))
    program.type(f"{said}\n")
    program.wait_for(r"w5 \r?\n")
    program.kill(lab.chance.uniform(0.0, 0.2))
    with lab.corpus() as corpus:
        *_, reply = branch_with(corpus, said)
        expect(reply.status == "complete", "the reply is not whole")
        _measured(corpus, reply.conversation_id, None)


def round_shown(lab: Lab) -> None:
    """Killed when the round that follows a reply was printed."""
    said = lab.question()
    program = lab.line_mode("--measure", "--survey", str(lab.survey))
    program.type(f"{said}\n")
    program.wait_for(rf"\[turn 1, {QUESTIONS} of")
    program.kill()
    with lab.corpus() as corpus:
        *_, reply = branch_with(corpus, said)
        _measured(corpus, reply.conversation_id, reply.id)


def edit(lab: Lab) -> None:
    """Killed when the model begins to answer an edited message."""
    said = lab.question()
    program = _answered(lab, said)
    program.type("\x1b[17~")  # F6
    program.wait_for(r"[Ee]dit")
    place = len(program.text)
    program.type(" once more\r")
    program.wait_for(r"\b2/2\b", after=place)  # the version of the message: the first reply may be drawn again before
    program.kill()
    with lab.corpus() as corpus:
        edited = branch_with(corpus, f"{said} once more")[0]
        expect([row.text for row in corpus.siblings(edited.id)] == [said, edited.text], "the first text is lost")


def regenerate(lab: Lab) -> None:
    """Killed at a random moment after another reply was asked for."""
    said = lab.question()
    program = _answered(lab, said)
    program.type("\x1b[15~")  # F5
    program.kill(lab.chance.uniform(0.0, 0.5))
    with lab.corpus() as corpus:
        first, *others = corpus.siblings(branch_with(corpus, said)[-1].id)
        expect((first.text.strip(), first.status) == (WHOLE, "complete"), "the first reply is lost")
        expect(len(others) <= 1, "there are replies that nobody asked for")


def _answered(lab: Lab, said: str) -> Program:
    program = lab.screen()
    program.type(f"{said}\r")
    program.wait_for(r"\bw5\b")
    program.wait_for("Send.*Help|Help")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:  # the reply is drawn before it is stored, and can be edited after that
        with Corpus.open(lab.corpus_file, read_only=True) as corpus:
            if branch_with(corpus, said)[-1].status == "complete":
                return program
    raise TimeoutError("the reply did not end")


def delete(lab: Lab) -> None:
    """Killed at a random moment while a conversation is deleted."""
    word = f"zyxwvut{lab.chance.randrange(10**9)}quokka"
    with lab.corpus() as corpus:
        identifier = _talk(corpus, [(f"I am {word}.", "Hm.")] * 20)
    program = Program(command(lab.home, "corpus", "delete", identifier, "--yes"))
    if lab.chance.random() < 0.5:
        program.wait_for("deleted")
    shown = program.kill(lab.chance.uniform(0.0, 0.1))
    with lab.corpus() as corpus:
        there = identifier in corpus.conversation_ids()
        expect(not (there and "deleted" in shown), "it was said to be deleted, and is there")
        expect(not there or len(branch_with(corpus, f"I am {word}.")) == 40, "half of it is deleted")
    traces = any(
        word.encode() in file.read_bytes() for file in lab.corpus_file.parent.glob("corpus.db*") if file.is_file()
    )
    expect(there or not traces, "words of a deleted conversation are in the file")


def _talk(corpus: Corpus, turns: list[tuple[str, str]]) -> str:
    from tests.corpus.making import talk

    return talk(corpus, *turns)


def renaming(lab: Lab) -> None:
    """Killed at a random moment while titles are given one after the other."""
    with lab.corpus() as corpus:
        identifier = _talk(corpus, [("Hello", "Hm.")])

    def work(corpus: Corpus, number: int) -> None:
        corpus.rename(identifier, str(number))

    acknowledged = _until_killed(lab, work)
    with lab.corpus() as corpus:
        title = int(corpus.conversation(identifier).title)
        expect(acknowledged <= title <= acknowledged + 1, f"title {title} after {acknowledged}")


def rating(lab: Lab) -> None:
    """Killed at a random moment while ratings are given one after the other."""
    with lab.corpus() as corpus:
        identifier = _talk(corpus, [("Hello", "Hm.")])
        message = branch_of(corpus, identifier)

    def work(corpus: Corpus, number: int) -> None:
        corpus.add_rating(
            RatingRow(
                id=new_key(), message_id=message, created_at=now(), scale="like", value=float(number), comment=None
            )
        )

    acknowledged = _until_killed(lab, work)
    with lab.corpus() as corpus:
        ratings = [row.value for row in corpus.ratings(identifier)]
        expect(ratings == [float(number) for number in range(1, len(ratings) + 1)], "ratings are missing")
        expect(acknowledged <= len(ratings) <= acknowledged + 1, f"{len(ratings)} ratings after {acknowledged}")


def branch_of(corpus: Corpus, identifier: str) -> str:
    """Return the last message of a conversation."""
    leaf = corpus.conversation(identifier).active_leaf_id
    assert leaf is not None
    return leaf


def _until_killed(lab: Lab, write: Callable[[Corpus, int], None]) -> int:
    """Write again and again in a process that says so each time, kill it, and return the last number that it said."""

    def work() -> None:
        with Corpus.open(lab.corpus_file) as corpus:
            for number in range(1, 10**6):
                write(corpus, number)
                print(number, flush=True)

    program = Program(work)
    program.wait_for(r"\b1\r?\n")
    said = re.findall(r"(\d+)\r?\n", program.kill(lab.chance.uniform(0.0, 0.2)))
    return int(said[-1])


def export(lab: Lab) -> None:
    """Killed at a random moment while an export replaces an earlier one, or when the new one is said to be written."""
    lab.number += 1
    with lab.corpus() as corpus:
        _talk(corpus, [(f"Question {n}", "word " * 300) for n in range(40)])
        whole = len(corpus.conversation_ids())
    out = lab.folder / "out.jsonl"
    before = out.read_bytes() if out.exists() else b""
    arguments = ("export", "--own", "--format", "openai", "--out", str(out), "--force")
    program = Program(command(lab.home, *arguments))
    said = lab.number % 2 == 0
    if said:
        program.wait_for("written to")
    program.kill(0.0 if said else lab.chance.uniform(0.0, 0.12 + 0.01 * whole))
    after = out.read_bytes() if out.exists() else b""
    expect(after == before or after.count(b"\n") == whole, "the file is neither the old one nor the new one")
    expect(not said or after.count(b"\n") == whole, "it was said to be written, and is not")
    Program(command(lab.home, *arguments)).finish()
    left = [file.name for file in out.parent.iterdir() if file.name.startswith(".")]
    expect(not left, f"left over: {', '.join(left)}")
    expect(out.read_bytes().count(b"\n") == whole, "the next export is not whole")


def evaluation(lab: Lab) -> None:
    """Killed at a random moment of an evaluation that saves its answers, and resumed."""
    out = lab.folder / "answers.jsonl"
    shutil.rmtree(lab.home, ignore_errors=True)
    out.unlink(missing_ok=True)
    arguments = (
        *("eval", "democrat", "--survey", str(lab.survey), "--model", lab.quick, "--no-unsteered"),
        *("--save-answers", str(out), "--json", str(lab.folder / "report.json")),
    )
    Program(command(lab.home, *arguments)).kill(lab.chance.uniform(0.1, 1.2))
    _whole_lines(out)
    shown = Program(command(lab.home, *arguments, "--resume")).finish()
    if "no run to resume" in shown or "nothing to resume" in shown or "--resume" in shown:
        shown = Program(command(lab.home, *arguments)).finish()
    expect(len(_whole_lines(out)) == QUESTIONS, f"the resumed run saved {len(_whole_lines(out))}: {shown[-300:]!r}")
    left = [file.name for file in lab.folder.iterdir() if file.name.startswith(".")]
    expect(not left, f"left over: {', '.join(left)}")
    for file in lab.home.rglob("*.db"):
        with sqlite3.connect(file) as connection:
            expect(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), f"{file.name} is damaged")


def _whole_lines(file: Path) -> list[object]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def migration(lab: Lab) -> None:
    """Killed at a random moment while a corpus of the first schema is brought up to date."""
    older = lab.folder / "older.db"
    if not older.exists():
        _write_older(older)
    shutil.rmtree(lab.home, ignore_errors=True)
    lab.corpus_file.parent.mkdir(parents=True)
    shutil.copy(older, lab.corpus_file)

    def work() -> None:
        Corpus.open(lab.corpus_file).close()

    Program(work).kill(lab.chance.uniform(0.0, 0.25))
    with lab.corpus() as corpus:
        measured = sum(row.measurements for row in corpus.conversations())
        expect((len(corpus.conversations()), measured) == (OLDER, OLDER), "conversations or measurements are lost")


OLDER = 3000


def _write_older(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.executescript(migrations()[0].read_text(encoding="utf-8"))
    at = "2026-11-21T12:00:00.000Z"
    for n in range(OLDER):
        connection.execute(
            "INSERT INTO conversations VALUES (?, 'Guns', ?, ?, 'democrat', '{}', 'cd', '', 'pocket', NULL, '0', NULL)",
            (f"C{n}", at, at),
        )
        connection.execute(
            "INSERT INTO messages (id, conversation_id, role, text, status, created_at, updated_at)"
            " VALUES (?, ?, 'user', 'Guns?', 'complete', ?, ?)",
            (f"M{n}", f"C{n}", at, at),
        )
        connection.execute(
            "INSERT INTO measurements (id, message_id, created_at, survey, survey_sha256, expression, refusals, groups,"
            " complete, engine, model, program_version)"
            " VALUES (?, ?, ?, 'civic', 'ef', 'log_probability', 'apart', '[]', 1, 'llama', 'pocket', '0')",
            (f"X{n}", f"M{n}", at),
        )
    connection.execute("UPDATE conversations SET active_leaf_id = 'M' || substr(id, 2)")
    connection.commit()
    connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    connection.close()


def fetching(lab: Lab) -> None:
    """Killed at a random moment while a model is fetched from a hub on loopback; the next start takes it up again."""
    shutil.rmtree(lab.home, ignore_errors=True)
    arguments = ("models", "get", "smollm2-360m", "--yes")
    with hub(pocket_path()) as url:
        Program(command(lab.home, *arguments, HF_ENDPOINT=url)).kill(lab.chance.uniform(0.5, 2.5))
        shown = Program(command(lab.home, *arguments, HF_ENDPOINT=url)).finish()
    files = [file for file in lab.home.rglob("*smollm2*") if file.is_file()]
    expect([file.suffix for file in files] == [".gguf"], f"there are {[file.name for file in files]}: {shown[-200:]!r}")
    expect(files[0].read_bytes() == pocket_path().read_bytes(), "the file is not the one that the hub has")


@contextmanager
def hub(file: Path) -> Iterator[str]:
    """Serve `file` as every model of a hub, in a process of its own; yield its address."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        from tests.models.fake_hub import serving_hub

        with serving_hub(file.read_bytes()) as served:
            os.write(writing, served.url.encode())
            signal.pause()
    os.close(writing)
    try:
        yield os.read(reading, 100).decode()
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


STAGES: dict[str, Callable[[Lab], None]] = {
    "opening": opening,
    "first message": first_message,
    "during a reply": mid_reply,
    "reply complete": after_reply,
    "turn 0 printed": turn_0_in_lines,
    "turn 0 on the screen": turn_0_on_the_screen,
    "turn 0, then a message": turn_0_and_a_message,
    "probing": probing,
    "round printed": round_shown,
    "edited": edit,
    "regenerated": regenerate,
    "deleting": delete,
    "renaming": renaming,
    "rating": rating,
    "exporting": export,
    "evaluation and cache": evaluation,
    "migration": migration,
    "fetching a model": fetching,
}
QUICK = ("opening", "deleting", "renaming", "rating", "exporting", "migration")
"""Stages of which a run takes less than a second. They get four times as many kills, at moments that are more exact."""


def shares(times: int, names: Sequence[str]) -> dict[str, int]:
    """Return how many of `times` kills each stage gets."""
    weights = {name: 4 if name in QUICK else 1 for name in names}
    each = {name: times * weight // sum(weights.values()) for name, weight in weights.items()}
    for name in names[: times - sum(each.values())]:
        each[name] += 1
    return each


def run_stage(name: str, times: int, folder: Path, servers: tuple[str, str], seed: int) -> list[str]:
    """Run a stage so often; return one line for each run in which something was lost."""
    home = folder / name.replace(" ", "-").replace(",", "")
    home.mkdir()
    lab = Lab(home, *servers, random.Random(f"{seed} {name}"))
    lost = []
    for number in range(1, times + 1):
        try:
            STAGES[name](lab)
        except (LostError, TimeoutError) as error:
            lost.append(f"{name}, run {number}: {error}")
    return lost


def main() -> int:
    """Kill as often as asked for, print a line for each stage, and fail if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=500, help="How many kills in all.")
    parser.add_argument("--stage", action="append", choices=list(STAGES), help="Only this stage; may be repeated.")
    parser.add_argument("--seed", type=int, default=9)
    arguments = parser.parse_args()
    names = arguments.stage or list(STAGES)
    everything = []
    warm()
    with (
        token_server(per_second=500, length=5) as quick,
        token_server(per_second=PER_SECOND, length=400) as steady,
        tempfile.TemporaryDirectory() as folder,
    ):
        print(f"{'stage':24} {'kills':>5} {'held':>5}", flush=True)
        for name, times in shares(arguments.times, names).items():
            lost = run_stage(name, times, Path(folder), (quick, steady), arguments.seed)
            everything += lost
            print(f"{name:24} {times:5} {times - len(lost):5}", *lost, sep="\n  " if lost else " ", flush=True)
    print(f"{arguments.times} kills: in {arguments.times - len(everything)} nothing was lost and nothing left over")
    return 1 if everything else 0


if __name__ == "__main__":
    sys.exit(main())
