"""What a small model of English cannot read: other languages, emoji, keys hit at random, code, long pasted texts.

The persona says so in a sentence, and the conversation goes on as before. Foreign scripts are drawn from ranges of
Unicode: what they say does not matter, only that they are no English.
"""

import tomllib
from pathlib import Path
from random import Random

from pocket.phrasing import sentence
from pocket.talk import Talk
from pocket.topics import OFFERED_PHRASES, TOPICS
from pocket.unknown import OFFERS

UNREADABLE = (
    "I only understand short messages in English.",
    "I am sorry, I only understand short messages in English.",
    "I can only read short messages in plain English.",
    "Sorry, I can only read short messages in English.",
)

SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "Arabic": ((0x0627, 0x063A), (0x0641, 0x064A)),
    "Hebrew": ((0x05D0, 0x05EA),),
    "Cyrillic": ((0x0430, 0x044F),),
    "Greek": ((0x03B1, 0x03C9),),
    "Devanagari": ((0x0905, 0x0939), (0x093E, 0x094D)),
    "Thai": ((0x0E01, 0x0E2E), (0x0E30, 0x0E39)),
    "Chinese": ((0x4E00, 0x9FA5),),
    "Japanese": ((0x3041, 0x3093), (0x30A1, 0x30F3)),
    "Korean": ((0xAC00, 0xD7A3),),
}
_UNSPACED = frozenset({"Thai", "Chinese", "Japanese"})
_ENDS = {"Arabic": "؟.", "Chinese": "。？", "Japanese": "。？", "Devanagari": "।?"}

LANGUAGES: dict[str, list[str]] = {
    language: words.split()
    for language, words in tomllib.loads(
        (Path(__file__).parent / "foreign_words.toml").read_text(encoding="utf-8")
    ).items()
}
_EMOJI = ((0x1F600, 0x1F64F), (0x1F300, 0x1F5FF), (0x1F680, 0x1F6FF), (0x2600, 0x26FF), (0x1F900, 0x1F9FF))
_KEYS = ("asdfghjkl;", "qwertyuiop", "zxcvbnm,./", "1234567890", "abcdefghijklmnopqrstuvwxyz")
_CODE = (
    "for {a} in range({n}):\n    print({a})",
    "def {a}({b}):\n    return {b} + {n}",
    "SELECT {a} FROM {b} WHERE id = {n};",
    '<div class="{a}"><p>{b}</p></div>',
    '{{"{a}": {n}, "{b}": [{n}, {n}]}}',
    "if ({a} > {n}) {{ {b}(); }}",
    "import {a}\nfrom {b} import {a}",
    "$ rm -rf /{a}/{b}",
    "http://www.{a}.com/{b}?id={n}",
    "int main() {{ int {a} = {n}; return {a}; }}",
    "{a},{b},{n}\n{b},{a},{n}\n{a},{a},{n}",
    'Traceback (most recent call last):\n  File "{a}.py", line {n}, in {b}\nValueError: {a}',
)
_NAMES = ("x", "item", "data", "user", "index", "total", "name", "test", "value", "page", "list", "node", "file", "key")

_WHO = (
    "The city council",
    "A spokesman",
    "The mayor",
    "The company",
    "The school board",
    "The governor's office",
    "A neighbor",
    "The report",
    "The agency",
    "A judge",
    "The team",
    "The police chief",
    "A resident",
    "The committee",
    "An analyst",
    "A researcher",
    "The museum",
    "The airline",
    "An official",
    "The union",
    "A witness",
    "The manager",
    "The district",
    "The university",
)
_DID = (
    "said on {day} that the plan would go ahead",
    "voted {n} to {m} to delay the decision",
    "announced a new program",
    "declined to comment on the figures",
    "expects costs of ${n} million over {m} years",
    "will meet again in {month}",
    "opened an inquiry into the matter",
    "has received more than {n} complaints",
    "rejected the proposal",
    "reported a loss of {n} percent compared with last year",
    "hired {n} people for the new office",
    "closed the road for {n} days",
    "warned that the work could take until {month}",
    "published a study with {n} pages",
    "asked for more time to study the documents",
    "promised to repair the bridge before {month}",
    "praised the agreement",
    "sold the building for ${n} million",
    "found {m} mistakes in the records",
    "thanked the volunteers for their help",
)
_WHERE = (
    "",
    "",
    ", according to a statement",
    ", the paper wrote",
    " after a long debate",
    " in a letter to parents",
    ", two people familiar with the matter said",
    " at a meeting downtown",
    ", which surprised many",
    " for now",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "March", "April", "June", "July", "September", "October", "December")
_MUMBLED = (
    "?",
    "??",
    "...",
    ".",
    "!",
    "a",
    "b",
    "A",
    "B",
    "C",
    "x",
    "k",
    "ok?",
    "1",
    "2",
    "42",
    "hm",
    "mhm",
    "uh",
    "er",
    "-",
    "*",
    "#",
    "idk",
    "test",
    "testing",
    "abc",
    "123",
    "and",
    "the",
    "so",
    "well",
    "eh",
    "foo",
    "bar",
    ",",
)


def meet_unreadable(talk: Talk) -> None:
    """Say that only short messages in English are understood, and mostly offer a topic."""
    rng = talk.rng
    write = rng.choices((foreign_script, foreign_words, emoji, mash, code, article, speech), (5, 5, 3, 3, 3, 5, 2))[0]
    reply = rng.choice(UNREADABLE)
    if rng.random() < 0.8:
        reply += " " + rng.choice(OFFERS).format(rng.choice(OFFERED_PHRASES))
    talk.exchange(write(rng), reply, rough=False)
    talk.current = None


def meet_mumbling(talk: Talk) -> None:
    """Meet a sign or a word that says nothing: ask what is meant, in words and never with a letter."""
    rng = talk.rng
    first = rng.choice(("I am not sure what you mean.", "What exactly do you mean?", "I do not know what you mean."))
    talk.exchange(
        rng.choice(_MUMBLED), f"{first} {rng.choice(OFFERS).format(rng.choice(OFFERED_PHRASES))}", rough=False
    )
    talk.current = None


def foreign_script(rng: Random) -> str:
    """Return words of a script that is not Latin."""
    script = rng.choice(tuple(SCRIPTS))
    letters = [chr(code) for first, last in SCRIPTS[script] for code in range(first, last + 1)]
    longest = 3 if script in {"Chinese", "Korean"} else 7
    words = ["".join(rng.choices(letters, k=rng.randint(2, longest))) for _ in range(rng.choice((1, 2, 2, 3, 4, 6)))]
    return ("" if script in _UNSPACED else " ").join(words) + rng.choice(("", "", rng.choice(_ENDS.get(script, ".?!"))))


def foreign_words(rng: Random) -> str:
    """Return words of a language in Latin script, in any order."""
    words = rng.choice(tuple(LANGUAGES.values()))
    text = " ".join(rng.choices(words, k=rng.choice((2, 3, 4, 5, 6, 8, 12))))
    return (text if rng.random() < 0.3 else text[0].upper() + text[1:]) + rng.choice(("", "?", ".", "!"))


def emoji(rng: Random) -> str:
    """Return one to eight emoji."""
    drawn = [chr(rng.randint(*rng.choice(_EMOJI))) for _ in range(rng.choice((1, 1, 2, 3, 5, 8)))]
    return rng.choice(("", " ")).join(drawn if rng.random() < 0.6 else drawn[:1] * len(drawn))


def mash(rng: Random) -> str:
    """Return keys hit at random."""
    words = []
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        keys = rng.choice(_KEYS)
        words.append("".join(rng.choices(keys, k=rng.randint(4, 12))))
    return " ".join(words)


def code(rng: Random) -> str:
    """Return a few lines of code, data or an address."""
    parts = [
        rng.choice(_CODE).format(a=rng.choice(_NAMES), b=rng.choice(_NAMES), n=rng.randint(0, 99))
        for _ in range(rng.choice((1, 1, 2, 3)))
    ]
    return "\n".join(parts)


def article(rng: Random) -> str:
    """Return a pasted text of many lines, news about nothing in particular."""
    sentences = [_news(rng) for _ in range(rng.choice((7, 8, 9, 10, 12, 14, 16, 20, 26)))]
    lines: list[str] = []
    while sentences:
        size = rng.choice((1, 2, 2, 3))
        lines.append(" ".join(sentences[:size]))
        del sentences[:size]
    return rng.choice(("\n", "\n\n", " ")).join(lines)


def speech(rng: Random) -> str:
    """Return a long text about one or more of the topics, of both sides: too long to be answered."""
    poles = [
        pole for topic in rng.sample(TOPICS, rng.choice((2, 3, 4))) for pole in (topic.left, topic.middle, topic.right)
    ]
    texts = [text for pole in poles for text in pole.stances + pole.reasons]
    sentences = [sentence(text) for text in rng.sample(texts, rng.choice((10, 12, 15, 20, 25)))]
    return rng.choice(("\n", " ", " ")).join(sentences)


def _news(rng: Random) -> str:
    did = rng.choice(_DID).format(
        day=rng.choice(_DAYS), month=rng.choice(_MONTHS), n=rng.randint(5, 95), m=rng.randint(2, 9)
    )
    return f"{rng.choice(_WHO)} {did}{rng.choice(_WHERE)}."
