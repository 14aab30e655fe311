"""Runs the Python code of a page in Markdown, block after block in one namespace, as cells of a notebook are run.

Usage: python python_page.py PAGE. Only the standard library is needed, so that it also runs where only a wheel is.
"""

import ast
import asyncio
import inspect
import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def run(page: Path) -> None:
    """Run all blocks. One with `await` at its top runs on an event loop, the same for all of them."""
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start(1))
            source = "\n" * line + block[1]  # so that a traceback names the line of the page
            code = compile(source, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(_awaited(eval(code, namespace)))
            else:
                exec(code, namespace)


async def _awaited(coroutine: object) -> None:
    await coroutine  # type: ignore[misc]


if __name__ == "__main__":
    run(Path(sys.argv[1]))
