"""What a report says about how the distributions were obtained."""

from collections import Counter
from collections.abc import Sequence

from eval.answers import Replies
from eval.engine import EngineInfo
from eval.expression.judge import MOST_ERROR
from eval.expression.methods import Asking, Method
from eval.report import JudgeInfo, RepliesInfo, Score, UnreadInfo
from eval.scoring.intervals import Bootstrap
from eval.surveys.model import Question


def replies_info(replies: Sequence[Replies], method: Method, asking: Asking, info: EngineInfo) -> RepliesInfo | None:
    """Return how replies were drawn and how many could not be read; None where nothing is drawn.

    `replies` are those of every question under every prompt. `info` is the engine's after it was asked: only then some
    know whether they keep replies to a form.
    """
    if method.sampling is None:
        return None
    unread = Counter(why for each in replies for why in each.unread)
    return RepliesInfo(
        per_prompt=method.replies(asking),
        temperature=method.sampling.temperature,
        top_p=method.sampling.top_p,
        max_tokens=method.sampling.max_tokens,
        constraint=info.constraints if method.constrained else None,
        asked=sum(each.asked for each in replies),
        unread=tuple(UnreadInfo(why=why, replies=count) for why, count in unread.most_common()),
    )


async def judge_info(questions: Sequence[Question], method: Method, asking: Asking) -> JudgeInfo | None:
    """Return who judged the answers to `questions` and its error over them; None where nobody did.

    The error was estimated when the questions were asked; what is known is not asked again.
    """
    if not method.judged or asking.judge is None or not questions:
        return None
    errors = await asking.judge.errors(questions)
    error = Bootstrap(asking.seed).mean(errors)
    if error is None:
        return None
    info = asking.judge.info
    return JudgeInfo(
        name=info.name,
        engine=info.engine,
        sha256=info.sha256,
        error=Score(mean=error.mean, low=error.low, high=error.high),
        statements=sum(len(question.option_texts) for question in questions),
        limit=MOST_ERROR,
    )
