"""The bounds of a chat template: a program of somebody else's, which may loop and grow for ever.

Jinja's sandbox keeps a template away from files and modules. It bounds neither its time nor what it makes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, wraps
from threading import local
from time import thread_time
from typing import Any

from eval.engine import EngineError

MOST_SECONDS = 2.0
"""Of processor time, which a busy machine does not use up; a conversation of 2,000 messages takes some milliseconds."""
MOST_CHARACTERS = 20_000_000
_MOST_NUMBER = 100_000
"""The largest whole number that a call or a filter takes, such as a width; Jinja bounds ranges in the same way."""
_WIDE = re.compile(r"%[^a-zA-Z%]*(?:[0-9]{6}|\*)|\{[^{}]*(?:[0-9]{6}|(?<!\{)\{)")
"""A width in a format that is too large, or comes from an argument."""


class EndlessTemplateError(EngineError):
    """A chat template loops or grows without an end that can be waited for."""


class _Budget(local):
    """Until when the rendering in this thread may go on."""

    until = 0.0


_budget = _Budget()


def rendered(template: Any, **names: Any) -> str:
    """Return what a template of a `bounded_environment` makes of these names.

    Raises:
        EndlessTemplateError: it takes too long, or makes too much.
        Exception: whatever a template raises.
    """
    _budget.until = thread_time() + MOST_SECONDS
    pieces, length = [], 0
    for piece in template.generate(**names):
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise _too_large()
        pieces.append(piece)
    return "".join(pieces)


def _in_time() -> None:
    if thread_time() > _budget.until:
        raise EndlessTemplateError(
            f"the model's chat template does not come to an end (stopped after {MOST_SECONDS:g} s); "
            "give another one with --template"
        )


def _too_large() -> EndlessTemplateError:
    return EndlessTemplateError(
        f"the model's chat template makes a text without an end (more than {MOST_CHARACTERS:,} characters); "
        "give another one with --template"
    )


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple | dict) else 0


def _bounded(value: Any) -> Any:
    """Return a value that a template made. Raises EndlessTemplateError: it is too large."""
    if _size(value) > MOST_CHARACTERS or (isinstance(value, int) and value.bit_length() > MOST_CHARACTERS):
        raise _too_large()
    return value


def _steps(items: Iterable[Any]) -> Iterator[Any]:
    """Yield what a loop goes through, as long as there is time."""
    for item in items:
        _in_time()
        yield item


def _check_arguments(arguments: Iterable[object], named: Mapping[str, object]) -> None:
    _in_time()
    for value in (*arguments, *named.values()):
        if isinstance(value, int) and value > _MOST_NUMBER:
            raise _too_large()


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter whose arguments and result are bounded; what it is given itself may be any number."""

    @wraps(function)  # and what Jinja notes on it
    def check(*arguments: Any, **named: Any) -> Any:
        _check_arguments(arguments[1:], named)
        if function.__name__ == "do_format" and _WIDE.search(str(arguments[0])):
            raise _too_large()
        _check_product(function.__name__, [each for each in (*arguments, *named.values()) if isinstance(each, str)])
        return _bounded(function(*arguments, **named))

    return check


def _check_product(name: str, texts: list[str]) -> None:
    """Bound what puts one text into another many times: before it is made, since the memory would be gone."""
    if "replace" in name or "join" in name:
        sizes = [len(text) for text in texts]
        if len(sizes) > 1 and sizes[0] * max(sizes[1:]) > MOST_CHARACTERS * 10:
            raise _too_large()


def _operated(operator: str, left: Any, right: Any) -> None:
    """Raise EndlessTemplateError where an operator would make too much."""
    _in_time()
    match operator:
        case "*" if isinstance(left, int) and isinstance(right, int):
            too_large = left.bit_length() + right.bit_length() > _MOST_NUMBER
        case "*":
            times = next((each for each in (left, right) if isinstance(each, int)), 0)
            too_large = max(_size(left), _size(right)) * times > MOST_CHARACTERS
        case "**":
            whole = isinstance(left, int) and isinstance(right, int)
            too_large = whole and left.bit_length() * max(right, 0) > _MOST_NUMBER
        case "%":
            too_large = isinstance(left, str) and _WIDE.search(left) is not None
        case _:
            too_large = _size(left) + _size(right) > MOST_CHARACTERS
    if too_large:
        raise _too_large()


def _code_generator() -> Any:
    from jinja2 import nodes
    from jinja2.compiler import CodeGenerator

    class Bounded(CodeGenerator):
        """Makes `~` an operator that can be bounded."""

        def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:  # noqa: N802 - so named in the base class
            """Write the joining of texts."""
            self.write("environment.joined((")
            for each in node.nodes:
                self.visit(each, frame)
                self.write(", ")
            self.write("))")

    return Bounded


@cache
def bounded_environment() -> Any:
    """Return the class of Jinja's sandbox in which templates are bounded. Jinja is imported when this is called."""
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class BoundedEnvironment(ImmutableSandboxedEnvironment):
        """Jinja's sandbox with an end."""

        code_generator_class = _code_generator()
        intercepted_binops = frozenset({"*", "**", "+", "%"})

        def bound_filters(self) -> None:
            """Bound the filters that there are, and have loops use one of them."""
            self.filters = {name: _checked(each) for name, each in self.filters.items()}
            self.filters["steps of a loop"] = _steps

        def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
            parsed = super()._parse(source, name, filename)
            for loop in parsed.find_all(nodes.For):
                loop.iter = nodes.Filter(
                    loop.iter, "steps of a loop", [], [], None, None, lineno=loop.lineno, environment=self
                )
            return parsed

        def joined(self, values: Iterable[Any]) -> str:
            """Return what `~` makes of values."""
            _in_time()
            texts = [str(value) for value in values]
            if sum(map(len, texts)) > MOST_CHARACTERS:
                raise _too_large()
            return "".join(texts)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Return what an operator makes of two values."""
            _operated(operator, left, right)
            return _bounded(super().call_binop(context, operator, left, right))

        def call(self, context: Any, called: Any, *arguments: Any, **named: Any) -> Any:
            """Return what a function or a method returns."""
            if called is not range:  # which Jinja bounds itself
                _check_arguments(arguments, named)
            _in_time()
            text = getattr(getattr(called, "__wrapped__", called), "__self__", None)  # Jinja wraps `format`
            if isinstance(text, str):
                _check_method(text, getattr(called, "__name__", ""), arguments)
            return _bounded(super().call(context, called, *arguments, **named))

    return BoundedEnvironment


def _check_method(text: str, name: str, arguments: tuple[Any, ...]) -> None:
    if name in ("format", "format_map") and _WIDE.search(text):
        raise _too_large()
    _check_product(name, [text, *(each for each in arguments if isinstance(each, str))])
