"""From the form that a reply is to have to a grammar that llama.cpp keeps it to (GBNF)."""

import json

from eval.engine import Percentages


def grammar(form: Percentages) -> str:
    """Return a grammar whose only texts are JSON objects with the form's keys in order and whole numbers 0 to 100."""
    members = ' ", " '.join(f"{_literal(json.dumps(key) + ': ')} number" for key in form.keys)
    return f'root ::= "{{" {members} "}}"\nnumber ::= "0" | "100" | [1-9] [0-9]?\n'


def _literal(text: str) -> str:
    """Return `text` between quotation marks: GBNF escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)
