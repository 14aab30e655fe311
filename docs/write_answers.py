"""Write the generated part of `answers.md`: the keys of an answer, from the docstring of its model.

Run `python docs/write_answers.py` after a change of the format.
"""

import re
from pathlib import Path

from write_surveys import keys

from eval.answer_files import AnswerLine

PAGE = Path(__file__).with_name("answers.md")


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def updated(page: str) -> str:
    """Return the page with the table between `<!-- begin keys -->` and `<!-- end keys -->` renewed."""
    table = "\n".join(["<!-- begin keys -->", *keys(AnswerLine), "<!-- end keys -->"])
    return re.sub("<!-- begin keys -->.*<!-- end keys -->", lambda _: table, page, flags=re.DOTALL)


if __name__ == "__main__":
    main()
