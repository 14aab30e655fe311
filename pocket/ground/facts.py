"""Facts that a persona tells about itself, read from its replies: whether they agree with each other and its groups.

The rules know the recipe's sentences, as `pocket.lives` and `pocket.profiles` make them.
"""

import re
from collections.abc import Mapping, Sequence

from personas import Group

_AGE = re.compile(r"\b(\d+) years old")
_REGION = re.compile(r"\bin the (Northeast|Midwest|South|West)\b")
_JOB = re.compile(r"\bwork as (an? [a-z ]+?)(?: on weekends)?[.,!?]")
_CHILDREN = re.compile(r"\b(no children|one child|two children|three children|a son|a grown daughter)\b")
_HOUSEHOLDS = {
    "married": re.compile(r"\bI am married(?! but)|\bMy (?:wife|husband) and I\b"),
    "divorced": re.compile(r"\bI am divorced\b"),
    "separated": re.compile(r"\bmarried but separated\b|\bI live apart\b"),
    "widowed": re.compile(r"\bI am widowed\b"),
    "single": re.compile(r"\bnever been married\b|\bI live (?:alone|with my parents)|\bI share a home\b"),
}
_MARITAL = {
    "Married": "married",
    "Divorced": "divorced",
    "Separated": "separated",
    "Widowed": "widowed",
    "Never been married": "single",
}
_PARTIES = {
    "Democrat": re.compile(r"\bI am a Democrat\b|\b(?:closer to|vote for|support) the Democrats|\bI vote Democratic"),
    "Republican": re.compile(
        r"\bI am a Republican\b|\b(?:closer to|vote for|support) the Republicans|\bI vote Republican"
    ),
    "Independent": re.compile(r"\bI am a political independent\b"),
}
_SEXES = {"Male": re.compile(r"\bI am a man\b|\bMy wife\b"), "Female": re.compile(r"\bI am a woman\b|\bMy husband\b")}
_FAITHS = {
    "none": re.compile(r"\bI am not religious\b|does not play a part in my life|good person without it"),
    "some": re.compile(r"\bI believe in God\b|\bI do believe\b|\bmy faith is important\b"),
}
_BANDS = {"18-29": (18, 29), "30-49": (30, 49), "50-64": (50, 64), "65+": (65, 120)}


def contradictions(replies: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """Return the kinds of facts, such as "age", that the replies of one conversation tell in two ways, or against
    the persona's groups; empty if all agree."""
    said = "\n".join(f"{reply}." for reply in replies)
    given = {group.attribute: group.value for group in groups}
    found = {
        "age": _ages(said, given.get("AGE")),
        "region": _one(set(_REGION.findall(said)), given.get("CREGION")),
        "work": _one(set(_JOB.findall(said))) and not _works_retired(said),
        "children": _one(set(_CHILDREN.findall(said))),
        "household": _one(_named(_HOUSEHOLDS, said), _MARITAL.get(given.get("MARITAL", ""))),
        "party": _one(_named(_PARTIES, said), _own_party(given)),
        "sex": _one(_named(_SEXES, said), given.get("SEX")),
        "faith": _one(_named(_FAITHS, said)),
    }
    return [kind for kind, agrees in found.items() if not agrees]


def _ages(said: str, band: str | None) -> bool:
    ages = {int(age) for age in _AGE.findall(re.sub(r"between \d+ and \d+ years old", "", said))}
    youngest, oldest = _BANDS.get(band or "", (18, 120))
    return len(ages) < 2 and all(youngest <= age <= oldest for age in ages)


def _one(told: set[str], given: str | None = None) -> bool:
    """Whether at most one thing is told, and it is the one that is given, if one is."""
    return len(told) < 2 and (given is None or told <= {given})


def _works_retired(said: str) -> bool:
    return "I am retired" in said and re.search(r"\bI work as\b", said) is not None


def _named(patterns: Mapping[str, re.Pattern[str]], said: str) -> set[str]:
    return {name for name, pattern in patterns.items() if pattern.search(said)}


def _own_party(given: Mapping[str, str]) -> str | None:
    return given["POLPARTY"] if given.get("POLPARTY") in _PARTIES else None
