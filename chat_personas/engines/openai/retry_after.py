"""When a server that refused a request wants to be asked again."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any


def asked_pause(error: Any) -> float | None:
    """Return the seconds that a server asks to wait in the answer that an error of the `openai` package is about."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    return None if headers is None else retry_after(headers, time.time())


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait from `now` (seconds since 1970), not negative, or None if the headers do not say.

    `retry-after-ms`, which some servers send, is in milliseconds; `Retry-After` is in seconds or a date (RFC 9110,
    10.2.3). What cannot be read counts as not said.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return max(0.0, seconds * unit)
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
