"""The commands and the module that each lives in: known without importing any of them."""

COMMANDS = {
    "chat": "chat",
    "eval": "evaluate",
    "matrix": "matrix",
    "compare": "compare",
    "report": "report",
    "export": "export",
    "doctor": "doctor",
}
GROUPS = ("personas", "surveys", "models", "corpus", "cache")
NAMES = frozenset({*COMMANDS, *GROUPS})
