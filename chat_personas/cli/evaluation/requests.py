"""Which expressions are asked for, which of them a model can do, and consent to the requests that they take.

A server on another machine, which may cost money, is probed only after the person agreed.
"""

import sys
from collections.abc import Mapping, Sequence

import typer

from chat_personas import consent
from chat_personas.cli.errors import UsageError
from chat_personas.cli.options import choose
from chat_personas.text import pluralize
from eval.engine import EngineInfo
from eval.expression.methods import EXPRESSIONS, METHODS, Asking, Expression, cannot
from eval.orders import MOST, TWO, OrderScheme
from eval.surveys.model import Question


def agree(info: EngineInfo, requests: int, *, agreed: bool) -> None:
    """Ask for consent to send a server on another machine this many requests, and remember it.

    `agreed`: the person agreed on the command line. A model on this machine, or a server that the person agreed to
    before, needs no consent.

    Raises:
        UsageError: the person did not agree, or nobody can be asked.
    """
    if consent.is_confirmed(info):
        return
    what = f"this sends {pluralize(requests, 'request')} to {info.name} and may cost money"
    if not agreed:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError(f"{what}; add --yes to agree")
        if not typer.confirm(f"{what}. Continue?", err=True):
            raise UsageError("nothing was sent, because you did not agree")
    consent.remember(info)


ALL = "all"


def expressions_meant(
    named: str | None, samples: int | None, judge: str | None, *, one_only: Mapping[str, object]
) -> tuple[Expression, ...]:
    """Return the expressions that `--expression` names, log-probabilities if it is not given.

    `one_only` are options with their values, None if not given, that need a single expression.

    Raises:
        UsageError: there is no such expression, or an option was given that does not fit it.
    """
    word = choose("--expression", named or EXPRESSIONS[0], (*EXPRESSIONS, ALL))
    found = tuple(each for each in EXPRESSIONS if word in (each, ALL))
    several = [each for each in EXPRESSIONS if METHODS[each].several]
    if samples is not None and not set(found) & set(several):
        raise UsageError(f"--samples is for {' and '.join(several)}; leave it out, or choose one of them")
    if judge is not None and not any(METHODS[each].judged for each in found):
        raise UsageError("--judge is for open_ended; leave it out, or choose --expression open_ended")
    given = [option for option, value in one_only.items() if value is not None]
    if len(found) > 1 and given:
        raise UsageError(f"{given[0]} takes one expression; name it instead of --expression {ALL}")
    return found


def expression_meant(named: str | None, samples: int | None, judge: str | None) -> Expression:
    """Return the one expression that `--expression` names, log-probabilities if it is not given.

    Raises:
        UsageError: there is no such expression, or an option was given that does not fit it.
    """
    word = choose("--expression", named or EXPRESSIONS[0], EXPRESSIONS)
    (found,) = expressions_meant(word, samples, judge, one_only={})
    return found


def orders_meant(word: str | None, expressions: Sequence[Expression]) -> OrderScheme:
    """Return the option orders that `--orders` names, the survey's and its reverse if it is not given.

    Raises:
        UsageError: there are no such orders, or no expression letters options for the model.
    """
    if word is None:
        return TWO
    if all(METHODS[each].fixed_orders is not None for each in expressions):
        raise UsageError(f"--orders is for expressions that letter the options, not {' and '.join(expressions)}")
    if word == "cyclic":
        return "cyclic"
    if word.isascii() and word.isdecimal() and len(word) < 4 and TWO <= int(word) <= MOST:
        return int(word)
    raise UsageError(f"--orders {word}: must be cyclic or a number from {TWO} to {MOST}")


def possible(expressions: Sequence[Expression], info: EngineInfo, judge: EngineInfo) -> Sequence[Expression]:
    """Return those of several expressions that model and judge can do; print the others with the reason.

    A single one is returned as it is: if it cannot be done, the evaluation fails.
    """
    if len(expressions) == 1:
        return expressions
    found = []
    for expression in expressions:
        why = cannot(expression, info, judge)
        if why is None:
            found.append(expression)
        else:
            print(f"left out: {expression}: {why}", file=sys.stderr)
    return found


def agree_to_all(
    info: EngineInfo,
    judge: EngineInfo | None,
    expressions: Sequence[Expression],
    questions: Sequence[Sequence[Question]],
    asking: Asking,
    agreed: bool,
) -> int:
    """Ask for consent to the requests that these expressions take for the `questions` of each prompt.

    `judge` None is the model itself. Returns the number of requests to both together.

    Raises:
        UsageError: the person did not agree, or nobody can be asked.
    """
    methods = [METHODS[expression] for expression in expressions]
    every = [question for of_one in questions for question in of_one]
    requests = sum(method.requests(question, asking) for method in methods for question in every)
    judged = sum(method.judge_requests(asking) for method in methods) * len(every)
    distinct = {question.id: question for question in every}.values()  # known statements are asked once for all
    judged += sum(method.known_requests(question) for method in methods for question in distinct)
    agree(info, requests + (judged if judge is None else 0), agreed=agreed)
    if judge is not None and judged:
        agree(judge, judged, agreed=agreed)
    return requests + judged
