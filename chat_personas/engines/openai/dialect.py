"""What a server understands, found out by asking it: OpenAI-compatible servers differ in their parameters.

We begin with everything we would like to say and take back, one by one, what the server refuses.
"""

from dataclasses import dataclass, replace
from typing import Any

MOST_TOP_K = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which parameters this server takes.

    `top_k` is how many of the likeliest first tokens it shows with their log-probabilities; 0: it shows none.
    `quiet` are extra fields that ask reasoning models not to think.
    """

    token_limit: str = "max_tokens"  # noqa: S105
    top_k: int = MOST_TOP_K
    quiet: bool = True
    temperature: bool = True
    seed: bool = True

    def showing(self, count: int) -> "Dialect":
        """Return the dialect of a server that showed `count` likeliest tokens when asked for `top_k`."""
        return replace(self, top_k=min(self.top_k, count))

    def limit(self, tokens: int) -> dict[str, Any]:
        """Return the parameter that limits a reply to `tokens` tokens."""
        return {self.token_limit: tokens}

    def extra(self) -> dict[str, Any]:
        """Return the fields that ask a reasoning model not to think."""
        return {"chat_template_kwargs": {"enable_thinking": False}} if self.quiet else {}

    def drawing(self, temperature: float, top_p: float) -> dict[str, Any]:
        """Return the sampling parameters that the server takes."""
        return {"temperature": temperature, "top_p": top_p} if self.temperature else {}


def without_refused(dialect: Dialect, complaint: str) -> Dialect | None:
    """Return the dialect to try next after the server refused a request with `complaint`, or None if none is left.

    The complaint's wording decides where it names a parameter; otherwise the least usual one goes first.
    """
    said = complaint.lower()
    if "max_completion_tokens" in said and dialect.token_limit == "max_tokens":  # noqa: S105
        return replace(dialect, token_limit="max_completion_tokens")  # noqa: S106
    if "logprob" in said and dialect.top_k:
        return replace(dialect, top_k=5 if dialect.top_k > 5 else 0)
    if ("temperature" in said or "top_p" in said) and dialect.temperature:
        return replace(dialect, temperature=False)
    if "seed" in said and dialect.seed:
        return replace(dialect, seed=False)
    if dialect.quiet:
        return replace(dialect, quiet=False)
    if dialect.seed:
        return replace(dialect, seed=False)
    if dialect.top_k:
        return replace(dialect, top_k=5 if dialect.top_k > 5 else 0)
    return None
