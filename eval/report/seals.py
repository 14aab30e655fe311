"""Seals: hashes of the parts of a report. By them a change after the run is noticed, also in what is not computed.

A seal is no signature: whoever changes a report on purpose can seal it again. It notices slips of the hand, tools that
round, and edits of one figure.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

KEY = "seals"


def seals_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each part of a report, given as its JSON document, by the part's key.

    What is hashed is the part as JSON in one canonical form: keys sorted, no white space, numbers as Python writes
    them. So indentation and the order of keys do not count.
    """
    return {key: _digest(part) for key, part in document.items() if key != KEY}


def broken_seals(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the parts that are not as they were sealed, removed and added ones included.

    None without seals: reports of older versions have none.
    """
    sealed, found = document.get(KEY), seals_of(document)
    if not sealed:
        return ()
    return tuple(key for key in dict.fromkeys((*document, *sealed)) if found.get(key) != sealed.get(key) and key != KEY)


def _digest(part: object) -> str:
    text = json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
