"""The commands: their names and summaries, known without importing any of them.

A summary has at most 64 characters, so that the help of the whole program cuts none on a terminal of 80 columns.
Each is a module of this package with the name of the command; `eval` is in `evaluate`.
"""

COMMANDS = {
    "chat": "Talk with a persona, beside its measured opinions.",
    "eval": "Ask personas a survey and score how close they are to people.",
    "ask": "Put one question to all groups of an attribute, beside people.",
    "debate": "Let two personas argue a topic, and measure both.",
    "matrix": "Compare personas and the unsteered model with every group.",
    "compare": "Test whether two reports of eval differ.",
    "doctor": "Check the installation, settings, models and stored data.",
    "export": "Write conversations in a format that other programs load.",
}
GROUPS = {
    "report": "Show a report of eval, verify it, or make a checklist of it.",
    "personas": "List, show and check personas.",
    "surveys": "List, show and import surveys.",
    "models": "List, find, fetch and show models.",
    "steer": "Train, judge, list and delete directions within a model.",
    "study": "Make a study, run it with participants, see what came of it.",
    "corpus": "Read, search, rate, delete, check, copy and merge conversations.",
    "cache": "Show and clear cached answers.",
}
"""Commands that have commands of their own."""
MODULES = {"eval": "evaluate"}
NAMES = frozenset({*COMMANDS, *GROUPS})


def module_of(name: str) -> str:
    """Return the module that a command is in, which is also the name of its function."""
    return MODULES.get(name, name)
