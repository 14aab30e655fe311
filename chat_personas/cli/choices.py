"""One of a few words: checked before anything is loaded, with the nearest named."""

import difflib
from collections.abc import Sequence
from typing import TypeVar

from chat_personas.cli.exit_codes import UsageError

Word = TypeVar("Word", bound=str)


def choose(option: str, word: str, known: Sequence[Word]) -> Word:
    """Return `word` if it is one of `known`.

    Raises:
        UsageError: it is not; the message names the nearest, or all.
    """
    for one in known:
        if one == word:
            return one
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(known)}"
    raise UsageError(f"{option} {word}: {hint}")
