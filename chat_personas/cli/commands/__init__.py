"""The commands: their names and summaries, known without importing any of them.

Each is a module of this package with the name of the command; `eval` is in `evaluate`.
"""

COMMANDS = {
    "chat": "Talk with a persona; on a terminal, with its measured opinions beside the conversation.",
    "eval": "Put a survey to personas and report how close their answers are to the people they stand for.",
    "matrix": "Compare personas and the unsteered model with every group: nearest groups, and what steering adds.",
    "compare": "Say by how much one report of eval differs from another, and whether that can be chance.",
    "report": "Show a report that eval wrote earlier: tables, or a page and a figure for a paper.",
    "export": "Write conversations in a format that other programs load.",
    "doctor": "Check the installation: versions, settings, corpus, kept answers, models, survey and library.",
}
GROUPS = {
    "personas": "List, show and check personas.",
    "surveys": "List, show and import surveys.",
    "models": "List and show models.",
    "corpus": "List, search, read and delete conversations.",
    "cache": "Show and clear the answers that are kept so that nothing is asked twice.",
}
"""Commands that have commands of their own."""
MODULES = {"eval": "evaluate"}
NAMES = frozenset({*COMMANDS, *GROUPS})


def module_of(name: str) -> str:
    """Return the module that a command is in, which is also the name of its function."""
    return MODULES.get(name, name)
