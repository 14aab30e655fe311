"""Lists and dictionaries as Python writes them, in a cell of a table; nothing is run."""

import ast
import re
from typing import Any

_DEFAULTDICT = re.compile(r"defaultdict\(\s*<class '\w+'>\s*,\s*(.*)\)", re.DOTALL)


def read_literal(text: str) -> Any:
    """Return the Python literal that a cell holds, as `str()` writes a list or a dictionary; nothing is run.

    A `defaultdict(<class 'list'>, {...})` is the dictionary in it. A `nan` that stands by itself is None; the same
    letters in a text are text.

    Raises:
        ValueError: it is none, or a dictionary has a key twice, of which Python would keep the last.
    """
    inner = _DEFAULTDICT.fullmatch(text.strip())
    try:
        tree = ast.parse(inner.group(1) if inner else text.strip(), mode="eval")
        return ast.literal_eval(_WithoutNan().visit(tree))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("this is no list or dictionary as Python writes them") from error


class _WithoutNan(ast.NodeTransformer):
    """Puts None where the name `nan` stands, and refuses a dictionary with a key twice."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(None), node) if node.id == "nan" else node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        if len(set(keys)) < len(keys):
            raise ValueError("a key is there twice")
        return self.generic_visit(node)
