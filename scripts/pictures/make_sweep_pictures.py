"""Make the pictures of docs/steering.md: `python -m scripts.pictures.make_sweep_pictures`.

They are the charts that `steer sweep --svg` draws for the built-in model, along a direction that is trained for them.
"""

import os
import subprocess
import sys

from scripts.pictures.make_screenshot import PICTURE, own_home

FOLDER = PICTURE.parent
TRAINING = ("steer", "train", "party", "--positive", "democrat", "--negative", "republican")
SWEEPS = {
    "sweep-add.svg": ("--strengths=-2:2:0.25",),
    "sweep-clamp.svg": ("--kind", "clamp", "--strengths=-2:3:0.5"),
}


def main() -> None:
    """Train the direction in a home of its own, and draw each sweep."""
    with own_home():
        ran(*TRAINING)
        for name, options in SWEEPS.items():
            ran("steer", "sweep", "party", *options, "--svg", str(FOLDER / name))


def ran(*arguments: str) -> None:
    """Run the program as a person does, on the built-in model."""
    program = "import sys; from chat_personas.cli.main import main; sys.exit(main(sys.argv[1:]))"
    subprocess.run(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-P", "-c", program, *arguments, "--model", "pocket"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
    )


if __name__ == "__main__":
    main()
