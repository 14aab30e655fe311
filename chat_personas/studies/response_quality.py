"""How carefully people took part: long strings of equal answers, how much answers vary, seconds, pastes, and copies.

No figure says that a person was careless: a long string can be an honest opinion. They tell where to look.

- *Longest string*: the longest run of equal answers to scale items that follow each other and have the same ends
  (Johnson 2005).
- *Intra-individual response variability*: the standard deviation of a person's answers to scale items (Dunn et al.
  2018), here each on its scale from 0 to 1, so that scales with other ends count alike.
- *Near-duplicates*: messages whose sets of three words in a row overlap (Jaccard similarity). Pairs are found with
  MinHash (Broder 1997), which can miss one, and their similarity is then computed.
"""

import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from eval.scoring.results import Part

SHINGLE = 3
"""Words in a row that are compared together."""
SIMILAR = 0.8
"""From this similarity on, two messages are near-duplicates."""
LEAST_WORDS = 5
"""Shorter messages, such as "yes", are alike by chance, and are not compared."""
_PERMUTATIONS = 256
_LONGEST_SHOWN = 60
_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, slots=True)
class ScaleAnswer:
    """An answer to a scale item: the number, and the ends of the scale."""

    value: float
    low: float
    high: float


class Carefulness(Part):
    """How one person answered."""

    participation_id: str
    """The participation."""
    scale_items: int
    """Scale items that the person answered."""
    longest_string: int
    """The longest run of equal answers to scale items in a row."""
    variability: float | None
    """The standard deviation over scale items, each from 0 to 1; null with fewer than two."""
    seconds_per_item: float | None
    """The median time that an item of a questionnaire stood there; null where no time is known."""
    traced: int
    """Messages of which it is known how they were typed."""
    pasted: int
    """Those of them into which something was pasted."""
    pasted_share: float | None
    """The mean share of a message that was pasted, 0 to 1; null without traced messages."""


class Copies(Part):
    """Messages of people that are near-duplicates of each other."""

    text: str
    """The beginning of the first."""
    messages: tuple[str, ...]
    """Their keys, oldest first."""
    conversations: int
    """In how many conversations they are."""
    similarity: float
    """The least similarity of two that were compared, 0.8 to 1."""


class NearDuplicates(Part):
    """How often people wrote the same."""

    threshold: float
    """From this Jaccard similarity on, two messages are near-duplicates."""
    shingle: int
    """How many words in a row are compared together."""
    compared: int
    """Messages that are long enough to be compared."""
    groups: tuple[Copies, ...]
    """Messages that are near-duplicates, the largest group first."""


def longest_string(answers: Sequence[ScaleAnswer]) -> int:
    """Return the longest run of equal answers in a row; a scale with other ends begins another run."""
    runs = groupby(answers, key=lambda answer: (answer.low, answer.high, answer.value))
    return max((len(list(run)) for _, run in runs), default=0)


def variability(answers: Sequence[ScaleAnswer]) -> float | None:
    """Return the standard deviation (n - 1) of answers on scales from 0 to 1; None with fewer than two."""
    places = [(answer.value - answer.low) / (answer.high - answer.low) for answer in answers]
    return statistics.stdev(places) if len(places) > 1 else None


def shingles(text: str) -> frozenset[str]:
    """Return the sets of words in a row of a text, whatever its capital letters and punctuation."""
    words = [word.casefold() for word in _WORD.findall(text)]
    return frozenset(" ".join(words[start : start + SHINGLE]) for start in range(max(1, len(words) - SHINGLE + 1)))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the Jaccard similarity of two sets, 0 to 1."""
    return len(one & other) / len(one | other) if one or other else 1.0


def near_duplicates(messages: Mapping[str, tuple[str, str]], threshold: float = SIMILAR) -> NearDuplicates:
    """Return which messages are near-duplicates; `messages` are conversation and text by key, oldest first.

    Raises:
        ImportError: the extra `describe` is not installed.
    """
    same: dict[frozenset[str], list[str]] = {}
    for key, (_, text) in messages.items():
        if len(_WORD.findall(text)) >= LEAST_WORDS:
            same.setdefault(shingles(text), []).append(key)
    pairs = {pair: alike for pair in _candidates(same, threshold) if (alike := similarity(*pair)) >= threshold}
    groups = []
    for sets in _connected(same, pairs):
        keys = sorted(key for words in sets for key in same[words])
        if len(keys) > 1:
            first = " ".join(messages[keys[0]][1].split())
            groups.append(
                Copies(
                    text=first if len(first) <= _LONGEST_SHOWN else f"{first[: _LONGEST_SHOWN - 1]}…",
                    messages=tuple(keys),
                    conversations=len({messages[key][0] for key in keys}),
                    similarity=min((alike for pair, alike in pairs.items() if pair[0] in sets), default=1.0),
                )
            )
    ordered = sorted(groups, key=lambda group: (-len(group.messages), group.messages))
    compared = sum(map(len, same.values()))
    return NearDuplicates(threshold=threshold, shingle=SHINGLE, compared=compared, groups=tuple(ordered))


Words = frozenset[str]


def _candidates(sets: Iterable[Words], threshold: float) -> Iterator[tuple[Words, Words]]:
    """Yield the pairs of sets that share a bucket of a MinHash index: those that may be similar."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, weights=(0.1, 0.9))  # rather too many than too few
    for words in sets:
        signature = MinHash(num_perm=_PERMUTATIONS, seed=1)
        signature.update_batch([each.encode("utf-8", "surrogatepass") for each in sorted(words)])
        yield from ((earlier, words) for earlier in index.query(signature))
        index.insert(words, signature)


def _connected(sets: Iterable[Words], pairs: Iterable[tuple[Words, Words]]) -> Iterator[set[Words]]:
    """Yield the sets that pairs connect, each in one group."""
    group_of = {words: {words} for words in sets}
    for one, other in pairs:
        small, large = sorted((group_of[one], group_of[other]), key=len)
        if small is not large:
            large |= small
            group_of.update(dict.fromkeys(small, large))
    yield from {id(group): group for group in group_of.values()}.values()


# Names

_INSIDE = re.compile(r"(?<![.!?:;…\n\"“‘(])[ \t]+((?:[A-Z][\w’'-]*\w)(?:[ \t]+[A-Z][\w’'-]*\w)*)")
"""Words with a capital letter after a word of the same sentence."""
_COMMON = """
    I I'm I've I'd I'll I’m I’ve I’d I’ll OK TV US USA UK EU AI
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August
    September October November December Democrat Democrats Democratic Republican Republicans Independent Independents
    American Americans America Congress Senate House President Constitution Christmas English God
"""
_NO_NAMES = frozenset(_COMMON.split())
"""Common words with a capital letter that name neither a private person nor a small place."""


class PossibleName(Part):
    """Words with a capital letter inside a sentence, which may name a person or a place."""

    text: str
    """The words."""
    times: int
    """How often they occur."""
    where: tuple[str, ...]
    """The messages and answers in which they occur, the first five."""


def possible_names(texts: Mapping[str, str]) -> tuple[PossibleName, ...]:
    """Return what may be names of people or places in texts by key, the most frequent first.

    A weak rule, to be looked at by a person: it finds neither a name at the beginning of a sentence nor one in small
    letters, and it finds much that is no name.
    """
    found: dict[str, list[str]] = {}
    for key, text in texts.items():
        for match in _INSIDE.finditer(f"\n{text}"):
            words = [word for word in match[1].split() if word not in _NO_NAMES]
            if words:
                found.setdefault(" ".join(words), []).append(key)
    names = sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    return tuple(PossibleName(text=name, times=len(keys), where=tuple(dict.fromkeys(keys))[:5]) for name, keys in names)
