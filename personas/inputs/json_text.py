"""JSON that people wrote: parsed strictly, with one clear line about the first fault.

JSON itself allows a key twice in an object, of which one would silently win; Python also reads numbers such as NaN,
which no other program may. Both are refused.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from personas.inputs.suggestions import quoted


def parse_json(
    text: str,
    error: Callable[[str], Exception],
    *,
    fix: str,
    one_line: bool = False,
    owner: Callable[[Mapping[str, Any]], str] = lambda _: "",
) -> Any:
    """Return what a JSON text holds.

    `error` is the class of the errors, `fix` what to do about a text that is not JSON. A fault has a line and a column,
    or with `one_line` only a column. `owner` may name the object in which a key is doubled, as a beginning of the line.

    Raises:
        Exception: an `error`: it is not JSON, an object has a key twice, lists or objects are nested too deeply, or a
            number is not one that JSON knows or has too many digits.
    """

    def no_constant(name: str) -> Any:
        raise error(f"{name} is not a number in JSON; write a finite one")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            repeated = next(key for key in keys if keys.count(key) > 1)
            raise error(f"{owner(found)}duplicate key {quoted(repeated)}; keep one of them")
        return found

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except json.JSONDecodeError as fault:
        place = f"column {fault.colno}" if one_line else f"line {fault.lineno}, column {fault.colno}"
        raise error(f"{place}: this is not JSON ({fault.msg}); {fix}") from fault
    except RecursionError as fault:
        raise error(f"lists or objects are nested too deeply; {fix}") from fault
    except ValueError as fault:
        raise error("a number has too many digits; write it shorter") from fault
