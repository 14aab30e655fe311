"""From a server's k likeliest first tokens to bounds on the log-probability of each answer label."""

import math
from collections.abc import Sequence

from eval.engine import LabelScore


def bounds(labels: Sequence[str], top: Sequence[tuple[str, float]]) -> tuple[LabelScore, ...]:
    """Return a bound per label from `top`, the (token text, log-probability) pairs that the server showed.

    Every shown token whose text without surrounding white space is the label counts, also where two tokens have the
    same text. What of "A" and " A" is not shown is at most as likely, each, as the least likely shown token, and all
    that is not shown cannot exceed one minus what is.
    """
    shown = sum(math.exp(log_probability) for _, log_probability in top)
    rest = max(0.0, 1.0 - shown)
    least = math.exp(min((log_probability for _, log_probability in top), default=0.0))
    return tuple(_bound(label, top, rest, least) for label in labels)


def _bound(label: str, top: Sequence[tuple[str, float]], rest: float, least: float) -> LabelScore:
    found = [(token, math.exp(log_probability)) for token, log_probability in top if token.strip() == label]
    lower = sum(probability for _, probability in found)
    unseen = len({label, f" {label}"}.difference(token for token, _ in found))
    upper = min(1.0, lower + min(rest, unseen * least))
    return LabelScore(label, _log(lower), _log(upper))


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf
