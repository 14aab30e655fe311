"""All benchmarks, or one.

    python -m benchmarks --json results.json
    python -m benchmarks --only probes-vs-limit --quick

With --only, the other rows of the file that --json names are kept as an earlier run measured them. Rows are printed as
they come, progress goes to standard error. A full run takes most of an hour on two cores, which
should have nothing else to do.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.performance_page import performance_page, verdict
from benchmarks.random_model import WEIGHTS, random_model
from benchmarks.row import Settings, result
from benchmarks.table import ROWS

REPEATS, QUICK_REPEATS = 5, 3


def main() -> int:
    """Run what was asked for and write the results."""
    arguments = _arguments()
    model = partial(_model, arguments)
    settings = Settings(arguments.repeats or (QUICK_REPEATS if arguments.quick else REPEATS), model, _tell)
    machine = describe_machine()
    measured = rows_kept(arguments.json, arguments.only or [row.name for row in ROWS])
    for row in ROWS:
        if arguments.only and row.name not in arguments.only:
            continue
        _tell(f"{row.name}: {row.what}, against {row.against}")
        measured[row.name] = result(row, row.measure(settings))
        print(_line(measured[row.name]), flush=True)
        results = [measured[one.name] for one in ROWS if one.name in measured]
        if arguments.json is not None:  # after every row, so that a run that is broken off is not lost
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        if arguments.markdown is not None:
            name = arguments.model.name if arguments.model else f"random weights, {arguments.weights}"
            arguments.markdown.write_text(performance_page(results, machine, name), encoding="utf-8")
    return 0


def rows_kept(file: Path | None, anew: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by name the rows that an earlier run wrote to `file`, without those that are measured anew."""
    if file is None or not file.exists():
        return {}
    return {row["name"]: row for row in json.loads(file.read_text(encoding="utf-8")) if row["name"] not in anew}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [row.name for row in ROWS]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_REPEATS} pairs instead of {REPEATS}")
    parser.add_argument("--repeats", type=int, help="so many pairs; fewer than three are not judged")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the results as docs/performance.md")
    parser.add_argument("--weights", choices=WEIGHTS, default=WEIGHTS[0], help="how the random model is stored")
    parser.add_argument("--model", type=Path, metavar="FILE", help="another GGUF file in place of the random model")
    return parser.parse_args()


def _model(arguments: argparse.Namespace) -> Path:
    return arguments.model or random_model(arguments.weights, tell=_tell)


def _line(row: dict[str, Any]) -> str:
    low, high = row["detail"]["interval"]
    figure = f"{row['ratio']:8.3f}  ({low:.3f} to {high:.3f})"
    line = f"{row['name']:26} {figure:30} goal {row['detail']['goal']:32} met: {verdict(row['met'])}"
    conditions = [f"  {words}: {verdict(holds)}" for words, holds in row["detail"].get("conditions", {}).items()]
    return "\n".join([line, *conditions, *(f"  {note}" for note in row["detail"]["notes"])])


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
