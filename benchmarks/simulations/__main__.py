"""All simulations, or one.

python -m benchmarks.simulations                    # some ten minutes on one core
python -m benchmarks.simulations --only slope --runs 50
"""

import argparse

from benchmarks.simulations import differences, skill, slope, understanding, verdicts, worth

SIMULATIONS = {
    "verdicts": verdicts,
    "worth": worth,
    "slope": slope,
    "skill": skill,
    "differences": differences,
    "understanding": understanding,
}
RUNS = 1000


def main() -> None:
    """Print the tables of docs/measures.md and docs/understanding.md as they are made."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=SIMULATIONS, help="one of the simulations")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs for each figure ({RUNS})")
    wanted = parser.parse_args()
    for name in [wanted.only] if wanted.only else SIMULATIONS:
        print(f"## {name}\n", flush=True)
        for line in SIMULATIONS[name].lines(wanted.runs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
