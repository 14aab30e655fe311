"""A survey as large as the whole of OpinionQA, and commands on it in a process of their own whose memory is measured.

`python -m tests.cli.big_survey COMMAND...` runs a command on a model that answers at once; the last line on standard
error is the most memory that the process held, in kB.
"""

import csv
import re
import resource
import sys
from pathlib import Path

import numpy as np

from personas import ALL_GROUPS

QUESTIONS = 1498
TOPICS = 24


def write_table(path: Path, questions: int = QUESTIONS) -> None:
    """Write a table for `surveys import csv`: all 60 groups and everyone, two to five options, 400 people a group."""
    rng = np.random.default_rng(1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "stem", "topic", "option", "ordinal", "attribute", "value", "count", "year"])
        for number in range(questions):
            options = 2 + number % 4
            about = [f"Q{number}", f"What should be done about matter {number}?", f"topic {number % TOPICS}"]
            counts = rng.multinomial(400, rng.dirichlet(np.ones(options)), size=len(ALL_GROUPS))
            for group, of_group in zip(ALL_GROUPS, counts.tolist(), strict=True):
                for option, count in enumerate(of_group):
                    writer.writerow(
                        [*about, f"option {option + 1}", option + 1, group.attribute, group.value, count, 2020]
                    )
            for option, count in enumerate(counts.sum(axis=0).tolist()):
                writer.writerow([*about, f"option {option + 1}", option + 1, "", "", count, 2020])


def most_memory() -> int:
    """Return the most memory that this process held, in kB; getrusage alone would count that of the parent, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status.read_text())[0])


def main() -> int:
    """Run the command of the command line and say what memory it took."""
    from chat_personas.cli.main import main as run
    from chat_personas.engines import open as opening
    from tests.cli.running import opener
    from tests.eval.fake_engine import FakeEngine

    opening.open_engine = opener(FakeEngine())  # type: ignore[assignment]
    code = run(sys.argv[1:])
    print(most_memory(), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
