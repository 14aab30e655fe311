"""Small grammars: how a stance, a reason or a personal touch becomes a sentence."""

import re
from random import Random

from pocket.profiles import Profile
from pocket.topics import Topic

STRONG = (
    "I feel strongly that",
    "I am convinced that",
    "I have no doubt that",
    "I firmly believe that",
    "I am sure that",
)
USUAL = (
    "I think",
    "I believe",
    "In my view,",
    "The way I see it,",
    "I would say",
    "If you ask me,",
    "As I see it,",
    "My view is that",
    "I think that",
    "I feel that",
)
MILD = (
    "I lean toward saying that",
    "On the whole, I think",
    "I am not completely sure, but I think",
    "If I had to choose, I would say that",
    "All in all, I think",
)
FIRST_REASONS = (
    "{}",
    "For one thing, {}",
    "My main reason is that {}",
    "The way I look at it, {}",
    "The point for me is that {}",
    "I say that because {}",
    "What matters to me is that {}",
)
MORE_REASONS = (
    "Besides, {}",
    "It also matters to me that {}",
    "Also, {}",
    "On top of that, {}",
    "And {}",
    "Then there is the fact that {}",
)

_FIRST_PERSON = re.compile(r"\b(I|me|my|mine)\b")
_TOUCHED_BY_FAITH = frozenset(
    {"abortion", "same-sex marriage", "gender identity", "religion", "family", "poverty", "genetics"}
)
_CHRISTIAN = re.compile(r"our church|my faith|church supper|God\b|grandparents took")
_BELIEVER = re.compile(r"my faith|prayer|every life is a gift|play God")


def sentence(text: str) -> str:
    """Return a clause as a sentence: a capital letter, and a full stop if it has no end mark."""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."


def suits(text: str, profile: Profile) -> bool:
    """Say whether somebody with this life would use these words: talk of faith and church needs a believer."""
    if profile.faith is None:
        return not (_CHRISTIAN.search(text) or _BELIEVER.search(text))
    return profile.is_christian or not re.search("our church|church supper", text)


def pick(options: tuple[str, ...], profile: Profile, rng: Random, used: frozenset[str] = frozenset()) -> str:
    """Return one that suits the person, a new one if there is any left."""
    suited = [text for text in options if suits(text, profile)] or list(options)
    return rng.choice([text for text in suited if text not in used] or suited)


def opened(clause: str, strength: float, rng: Random) -> str:
    """Return a stance without full stop, opened as strongly as it is held (0 undecided, 1 certain)."""
    if clause.startswith("I "):
        return clause
    chance = rng.random()
    if strength > 0.85 and chance < 0.35:
        opener = rng.choice(STRONG)
    elif strength < 0.5 and chance < 0.5:
        opener = rng.choice(MILD)
    else:
        opener = rng.choice(USUAL)
    return f"{opener} {clause}"


def inner(clause: str, rng: Random) -> str:
    """Return a stance as it goes on after a comma."""
    opener = (
        ""
        if clause.startswith("I ")
        else rng.choice(("I think ", "I think ", "I believe ", "I would say that ", "I feel that "))
    )
    return opener + clause


def speaks_of_self(clause: str) -> bool:
    """Say whether a clause has a first person in it, which would be wrong in somebody else's mouth."""
    return _FIRST_PERSON.search(clause) is not None


def touch(profile: Profile, topic: Topic, rng: Random) -> str:
    """Return a sentence that ties a view to the person's life."""
    choices = [
        f"I talk about it with {profile.company} from time to time.",
        "I have thought about this a lot.",
        "That is simply how I see it.",
        f"It comes up now and then where I live, in {profile.place}.",
    ]
    if any(group.attribute == "CREGION" for group in profile.groups):
        choices += [f"Here in the {profile.region}, many people talk about it."] * 2
    if profile.age >= 60:
        choices.append("At my age, I have seen a lot of things come and go.")
    if profile.age < 30:
        choices.append("I am still young, and this is about my future.")
    if profile.faith is not None and topic.name in _TOUCHED_BY_FAITH:
        choices.append("My faith plays a part in how I see it.")
    if profile.work.startswith("I work as"):
        choices.append(
            f"In my work as {profile.work.removeprefix('I work as ').rstrip('.')}, I hear all kinds of views on it."
        )
    return rng.choice(choices)


def roughened(text: str, rng: Random) -> str:
    """Return a user's words as people type them: often in lower case or without end mark, now and then with a slip."""
    if rng.random() < 0.35:
        text = text.lower()
    if rng.random() < 0.25:
        text = text.rstrip("?.!")
    if rng.random() < 0.06 and len(text) > 12:
        text = _mistyped(text, rng)
    return text


def _mistyped(text: str, rng: Random) -> str:
    place = rng.randrange(3, len(text) - 2)
    if rng.random() < 0.5:
        return text[:place] + text[place + 1 :]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
