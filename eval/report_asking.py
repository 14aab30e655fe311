"""What a report says about how the distributions were obtained."""

from collections import Counter
from collections.abc import Sequence

from eval.answers import Answer, Failure
from eval.engine import EngineInfo
from eval.expression.methods import Asking, Method
from eval.report import RepliesInfo, UnreadInfo


def replies_info(
    outcomes: Sequence[Answer | Failure], method: Method, asking: Asking, info: EngineInfo
) -> RepliesInfo | None:
    """Return how replies were drawn and how many could not be read; None where nothing is drawn.

    `info` is the engine's after it was asked: only then some know whether they keep replies to a form.
    """
    if method.sampling is None:
        return None
    unread = Counter(why for outcome in outcomes for why in outcome.replies.unread)
    return RepliesInfo(
        per_prompt=method.replies(asking),
        temperature=method.sampling.temperature,
        top_p=method.sampling.top_p,
        max_tokens=method.sampling.max_tokens,
        constraint=info.constraints if method.constrained else None,
        asked=sum(outcome.replies.asked for outcome in outcomes),
        unread=tuple(UnreadInfo(why=why, replies=count) for why, count in unread.most_common()),
    )
