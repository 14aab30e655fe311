"""Statements whose right answer is known, made by rule and without a model: by them the error of a judge is estimated.

They are of two kinds. *Paraphrases* put an option in other words, so that comparing texts does not find it: scale words
are replaced by synonyms or by a negation. *Statements to abstain from* fit no option: somebody who will not answer, and
a sentence about something else. A judge that only compares texts fails the first kind, one that always chooses an
option the second.

The rules are English. An option that they cannot put in other words has no paraphrase.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.expression.rendering import QuestionLike


@dataclass(frozen=True, slots=True)
class KnownStatement:
    """A statement about a question, and the number of the option that it amounts to; None: it fits no option."""

    text: str
    option: int | None


def known_statements(question: QuestionLike) -> tuple[KnownStatement, ...]:
    """Return the statements about one question: a paraphrase of each option that has one, then two to abstain from.

    The same question always gets the same ones.
    """
    start = int.from_bytes(hashlib.sha256(question.id.encode()).digest()[:4], "big")
    paraphrases = [
        KnownStatement(_FRAMES[(start + place) % len(_FRAMES)].format(text), place)
        for place, text in enumerate(paraphrased(question.option_texts))
        if text is not None
    ]
    refusing = _REFUSING[start % len(_REFUSING)]
    return (*paraphrases, KnownStatement(refusing, None), KnownStatement(_irrelevant(question, start), None))


def paraphrased(options: Sequence[str]) -> tuple[str | None, ...]:
    """Return each option in other words; None where no rule applies, or where two options would come out alike.

    A word is never replaced by one that stands in another option: it could mean that one.
    """
    others = " ".join(_folded(text) for text in options)
    found = [_PHRASES.sub(lambda match: _replacement(match, others), _decapitalised(text)) for text in options]
    folded = [_folded(text) for text in found]
    taken = {_folded(text) for text in options}
    return tuple(
        text if key not in taken and folded.count(key) == 1 and not _within(_folded(own), key) else None
        for text, key, own in zip(found, folded, options, strict=True)
    )


def _replacement(match: re.Match[str], others: str) -> str:
    """Return the first replacement that stands in no option, or the words as they are."""
    words = next(words for name, words in _BY_GROUP.items() if match[name] is not None)
    return next((each for each in words if not _within(each, others)), match[0])


def _within(words: str, text: str) -> bool:
    return f" {words} " in f" {text} "


def _decapitalised(text: str) -> str:
    """Return the text as it goes on in a sentence; abbreviations and "I" keep their capital."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text if first == "I" or first[1:] != first[1:].lower() else text[:1].lower() + text[1:]


def _folded(text: str) -> str:
    return " ".join(re.findall(r"[\w'-]+", text.casefold()))


def _irrelevant(question: QuestionLike, start: int) -> str:
    """Return a sentence that shares no longer word with the question, if there is one."""
    about = set(_longer_words(" ".join((question.stem, *question.option_texts))))
    in_turn = [_IRRELEVANT[(start + place) % len(_IRRELEVANT)] for place in range(len(_IRRELEVANT))]
    return next((each for each in in_turn if about.isdisjoint(_longer_words(each))), in_turn[0])


def _longer_words(text: str) -> Iterator[str]:
    yield from (word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3)


_FRAMES = ("I'd say: {}", "My answer would be: {}", "If you ask me: {}", "To my mind: {}")
_REFUSING = (
    "I'd prefer to keep that to myself",
    "No comment from me on that one",
    "That is private, so you won't hear it from me",
    "I am not going to go into this",
    "Let us skip this, I won't reply to it",
)
_IRRELEVANT = (
    "Bananas are yellow",
    "The train leaves at a quarter past nine",
    "My neighbour's cat sleeps on the windowsill",
    "We had tomato soup for lunch",
    "The shop on the corner sells umbrellas",
    "She plays the violin on Sundays",
    "There are seven colours in a rainbow",
    "The kettle is boiling in the kitchen",
)

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_RULES: dict[str, tuple[str, ...]] = {
    # The longer come first, since the first that fits is taken.
    r"neither": ("not in any way",),
    r"the very": ("the absolute",),
    r"in any way": ("in the least",),
    r"a great deal": ("an enormous amount", "very much"),
    r"a fair amount": ("a moderate amount",),
    r"quite a bit": ("a good amount",),
    r"not too much": ("rather little",),
    r"not too(?= \w)": ("only slightly",),
    r"not very": ("not particularly",),
    r"none at all": ("not the least bit",),
    r"not at all": ("in no way", "not in the least"),
    r"at all": ("in the least",),
    r"a lot": ("very much", "a great deal"),
    r"a little": ("a small amount",),
    r"a few": ("a handful",),
    r"too much": ("an excess of",),
    r"too little": ("a lack of",),
    r"too many": ("an excess of",),
    r"too few": ("a lack of",),
    r"too(?= \w)": ("excessively",),
    r"for the most part": ("mainly",),
    r"nearly always": ("almost every time",),
    r"hardly ever": ("almost at no time",),
    r"about the same": ("roughly equal",),
    r"about(?= as | right| \d)": ("roughly",),
    r"(?:stay|stays) the same": ("not change",),
    r"much(?= \w+er\b)": ("far", "a great deal"),
    r"far(?= more| fewer| less| \w+er\b)": ("much", "a great deal"),
    r"fairly(?= \w)": ("moderately", "reasonably"),
    r"in favou?r of|(?<=ly )for(?= it)|^for(?= it$)": ("supporting",),
    r"against": ("opposed to",),
    r"^yes": ("indeed",),
    r"^no(?=$|,)": ("that is not so",),
    r"^no(?= )": ("not any", "nothing like a"),
    r"very": ("extremely", "really"),
    r"somewhat": ("a bit", "moderately"),
    r"rather": ("quite",),
    r"strongly": ("forcefully", "firmly"),
    r"firmly": ("strongly", "forcefully"),
    r"mildly": ("weakly", "slightly"),
    r"slightly": ("a touch", "a bit"),
    r"mostly": ("mainly",),
    r"always": ("every time",),
    r"often": ("frequently",),
    r"usually": ("as a rule",),
    r"sometimes": ("now and then",),
    r"rarely|seldom": ("not often", "only once in a while"),
    r"never": ("at no time",),
    r"hardly": ("barely",),
    r"most of": ("the greater part of",),
    r"most": ("the majority of",),
    r"some of": ("part of",),
    r"some": ("a number of",),
    r"none": ("not one",),
    r"nothing": ("not anything",),
    r"(?<!as )many(?= \w)": ("a large number of",),
    r"few": ("not many",),
    r"little": ("not much", "hardly anything"),
    r"(?<!as )much": ("a great deal",),
    r"^more(?= than|$)": ("a larger amount",),
    r"^less(?= than|$)": ("a smaller amount",),
    r"excellent": ("outstanding",),
    r"poor": ("weak",),
    r"good": ("positive",),
    r"bad": ("negative",),
    r"worse": ("less good",),
    r"right(?! of| to| now)": ("correct",),
    r"wrong": ("mistaken",),
    r"big": ("sizeable",),
    r"large": ("sizeable",),
    r"larger": ("bigger",),
    r"small": ("minor", "tiny"),
    r"smaller": ("less big",),
    r"major": ("main",),
    r"minor": ("lesser",),
    r"strong": ("powerful",),
    r"stronger": ("more powerful",),
    r"safer": ("less risky",),
    r"dangerous": ("risky",),
    r"important": ("significant",),
    r"essential|indispensable": ("something one cannot do without",),
    r"probable": ("likely",),
    r"likely": ("probable",),
    r"unlikely": ("improbable",),
    r"sure|confident": ("certain",),
    r"close": ("near",),
    r"satisfied": ("content",),
    r"dissatisfied": ("discontent",),
    r"favou?r|support": ("back",),
    r"oppose": ("reject",),
    r"agree": ("share that view",),
    r"disagree": ("reject that view",),
    r"approve": ("think well of it",),
    r"disapprove": ("think ill of it",),
    r"increase": ("go up",),
    r"increased": ("went up",),
    r"decrease": ("go down",),
    r"decreased": ("went down",),
    r"harms": ("damages",),
    r"harm": ("damage",),
    r"helps": ("is of use",),
    r"help": ("be of use",),
    r"matters": ("is of weight",),
    r"matter": ("count",),
    r"gain": ("profit",),
    r"problem": ("difficulty",),
    r"reason": ("cause",),
    r"duty": ("obligation",),
    r"influence": ("effect",),
    r"(?<=right )way|(?<=wrong )way": ("manner",),
    r"should": ("ought to",),
    r"must": ("have to",),
    r"the government|^government(?= )": ("the state",),
    r"country": ("nation",),
    r"world": ("globe",),
    r"money": ("funds",),
    r"job": ("position",),
    r"above": ("higher than",),
    r"below": ("lower than",),
    r"a full-time": ("an all-day",),
    r"a part-time": ("a half-day",),
    r"military": ("armed force",),
    r"allies": ("partners",),
    r"diplomacy": ("negotiating",),
    r"decides": ("settles",),
    r"differ": ("deviate",),
    **{str(number): (word,) for number, word in enumerate(_NUMBERS)},
}
"""What replaces words of options, in order of preference, by a pattern for whole words."""

_BY_GROUP = {f"rule{number}": words for number, words in enumerate(_RULES.values())}
_PHRASES = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(f"(?P<{name}>{rule})" for name, rule in zip(_BY_GROUP, _RULES, strict=True))
    + r")(?!\w)",
    re.IGNORECASE,
)
