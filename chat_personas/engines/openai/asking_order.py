"""The order in which a server is asked, so that what it keeps of earlier prompts is of use.

Servers keep the prefixes of prompts that they have read. Probes that begin alike follow each other, and where all
share a long conversation, one goes first alone: a crowd that arrives before the first has been read finds nothing kept.
"""

from collections.abc import Sequence
from itertools import accumulate

from eval.engine import Message, Probe

LONG = 1000  # characters, some 250 tokens: below that, reading it again is cheaper than waiting for one answer


def in_tree_order(probes: Sequence[Probe]) -> list[Probe]:
    """Return `probes` so that those whose first lines are the same, up to any line, are side by side.

    This is the order in which one walks the tree of their lines, branches in the order in which they first came: the
    order that was given changes no more than that needs.
    """
    first: dict[str, int] = {}
    paths = []
    for index, probe in enumerate(probes):
        beginnings = accumulate(f"{probe.prompt}\n".splitlines(keepends=True))
        paths.append([first.setdefault(beginning, index) for beginning in beginnings])
    return [probes[index] for index in sorted(range(len(probes)), key=paths.__getitem__)]


def in_crowds(prefix: Sequence[Message], probes: Sequence[Probe]) -> list[list[Probe]]:
    """Return `probes` as they go together, in tree order: one alone before the others if more than two share much.

    It is the longest: where the prefix is too long for the server, what is left of it then fits before all of them.
    """
    if len(probes) <= 2 or sum(len(message.content) for message in prefix) < LONG:
        return [in_tree_order(probes)]
    longest = max(probes, key=lambda probe: len(probe.prompt))
    return [[longest], in_tree_order([probe for probe in probes if probe is not longest])]
