"""Make the pictures of docs/steering.md: `python -m scripts.pictures.make_sweep_pictures`.

They are the charts that `steer sweep --svg` draws for the built-in model, along a direction that is trained for them.
"""

from scripts.pictures.make_screenshot import PICTURE, POCKET, own_home, ran

FOLDER = PICTURE.parent
TRAINING = ("steer", "train", "party", "--positive", "democrat", "--negative", "republican")
SWEEPS = {
    "sweep-add.svg": ("--strengths=-2:2:0.25",),
    "sweep-clamp.svg": ("--kind", "clamp", "--strengths=-2:3:0.5"),
}


def main() -> None:
    """Train the direction in a home of its own, and draw each sweep."""
    with own_home():
        ran(*TRAINING, *POCKET)
        for name, options in SWEEPS.items():
            ran("steer", "sweep", "party", *options, *POCKET, "--svg", str(FOLDER / name))


if __name__ == "__main__":
    main()
