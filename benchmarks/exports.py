"""Time and memory of each export of a generated corpus of 100,000 messages, each in a process of its own.

    python -m benchmarks --only export-csv
    python -m benchmarks.exports participants     # the same messages, of participants of a study, in every format

The baseline has the same rows in memory already and only writes them: as JSON with `json.dumps`, for `huggingface` as
Parquet with pyarrow. So the ratio is what reading the corpus and choosing what to export cost on top.
"""

import csv
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.process_memory import MEBIBYTE, peak
from benchmarks.row import Measured, Row, Settings
from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.export import FORMATS, export_to

MOST_MEMORY = 300
"""MiB that the process of an export may take, with the interpreter and all libraries in it."""
MOST_TIMES = 20


def measure(settings: Settings, name: str) -> Measured:
    """Export the corpus, and write the same rows from memory."""
    from benchmarks.large_corpus import generate  # not in the processes whose memory is measured

    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        corpus, out = Path(directory) / "corpus.db", Path(directory) / "out"
        settings.tell("generating a corpus")
        generate(corpus)

        def ours(_: int) -> Timing:
            seconds, most = _in_a_process("export", name, corpus, out)
            peaks.append(most)
            return Timing(seconds)

        def baseline(_: int) -> Timing:
            return Timing(_in_a_process("baseline", name, out, Path(directory) / "again")[0])

        pairs = interleaved(ours, baseline, settings.repeats, settings.tell)
    return Measured(
        pairs,
        {"messages": 100_000, "peak memory (MiB)": round(max(peaks))},
        conditions={f"at most {MOST_MEMORY} MiB": max(peaks) <= MOST_MEMORY},
    )


def _in_a_process(what: str, name: str, source: Path, out: Path) -> tuple[float, float]:
    """Return seconds and the peak of memory in MiB."""
    command = [sys.executable, "-m", "benchmarks.exports", what, name, str(source), str(out)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, most = json.loads(said)
    return float(seconds), float(most)


def _export(name: str, source: Path, out: Path) -> Callable[[], object]:
    corpus = Corpus.open(source)
    return lambda: export_to(corpus, FORMATS[name], Selection(own=True), out, force=True)


def _again(name: str, exported: Path, out: Path) -> Callable[[], object]:
    """Return what writes the rows of an export again, now that they are in memory."""
    if name == "huggingface":
        return _parquet_again(exported, out)
    rows = list(_rows(exported))

    def write() -> None:
        with out.open("w", encoding="utf-8") as stream:
            for row in rows:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    return write


def _rows(exported: Path) -> Iterator[Any]:
    """Yield the rows of an export: lines or tables of JSON, of CSV, or of a database."""
    if exported.is_dir():
        for file in sorted(exported.iterdir()):
            with file.open(encoding="utf-8-sig", newline="") as stream:
                yield from csv.DictReader(stream) if file.suffix == ".csv" else map(json.loads, _documents(stream))
    elif exported.read_bytes()[:6] == b"SQLite":
        with closing(sqlite3.connect(exported)) as connection:
            for table in ("conversations", "messages", "generations", "measurements", "probes", "ratings"):
                yield from connection.execute(f"SELECT * FROM {table}")
    else:
        with exported.open(encoding="utf-8") as stream:
            yield from map(json.loads, stream)


def _documents(stream: Any) -> Iterator[str]:
    """Yield each line of JSON Lines, or the one document of another file of JSON."""
    if stream.name.endswith(".jsonl"):
        yield from stream
    else:
        yield stream.read()


def _parquet_again(exported: Path, out: Path) -> Callable[[], object]:
    import pyarrow as pa
    from pyarrow import parquet

    out.mkdir(exist_ok=True)
    tables: Mapping[str, Any] = {file.parent.name: parquet.read_table(file) for file in exported.rglob("*.parquet")}
    rows = {name: (table.to_pylist(), table.schema) for name, table in tables.items()}

    def write() -> None:
        for name, (of_table, schema) in rows.items():
            parquet.write_table(pa.Table.from_pylist(of_table, schema=schema), out / f"{name}.parquet")

    return write


def of_participants() -> None:
    """Print seconds and the peak of memory of every format, for 100,000 messages of participants of a study."""
    from benchmarks.large_corpus import generate

    with tempfile.TemporaryDirectory() as directory:
        corpus = Path(directory) / "corpus.db"
        generate(corpus, of_participants=True)
        print(f"{'format':16} {'seconds':>7} {'MiB':>5}", flush=True)
        for name in FORMATS:
            seconds, most = _in_a_process("export", name, corpus, Path(directory) / name)
            print(f"{name:16} {seconds:7.1f} {most:5.0f}", flush=True)


def main() -> None:
    """Do one side of one pair, and print its seconds and the peak of memory of this process."""
    if sys.argv[1:] == ["participants"]:
        of_participants()
        return
    what, name, source, out = sys.argv[1:]
    work = (_export if what == "export" else _again)(name, Path(source), Path(out))
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    print(json.dumps([seconds, _peak()]))


def _peak() -> float:
    """Return the most MiB that this process held. On Linux `getrusage` counts what the parent held before, too."""
    if sys.platform == "linux":
        return peak(os.getpid())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024) / MEBIBYTE


ROWS = tuple(
    Row(
        name=f"export-{name}",
        what=f"export a corpus of 100,000 messages as {name}",
        against="pyarrow on rows in memory" if name == "huggingface" else "json.dumps of the same rows in memory",
        goal=Goal(MOST_TIMES, also=f"and at most {MOST_MEMORY} MiB"),
        unit="s",
        measure=partial(measure, name=name),
    )
    for name in FORMATS
    if name != "spss"  # a row for each participation, and the owner has none
)

if __name__ == "__main__":
    main()
