"""Public matters that no topic covers: they are declined, and what is a topic's own wording is not.

Questions about both are put in the same words, so that only what is asked about makes the difference. Many things are
put together from parts: whatever is not known is to be declined, not only what is in a list. The persona does not name
the matter back, which goes wrong with words that are new to a small model.
"""

import tomllib
from pathlib import Path
from random import Random

from pocket import asking
from pocket.ground import wording
from pocket.ground.argument import give_plain_view
from pocket.phrasing import sentence
from pocket.talk import Talk
from pocket.topics import OFFERED_PHRASES, TOPICS, Topic
from pocket.unknown import OFFERS

_NEAR = tomllib.loads((Path(__file__).parent / "near_topics.toml").read_text(encoding="utf-8"))
MATTERS: tuple[str, ...] = tuple(_NEAR["matters"])
_THINGS, _FORMS = _NEAR["things"], _NEAR["forms"]
_KNOWN = frozenset(phrase for topic in TOPICS for phrase in topic.phrases)

DECLINED = (
    "I have no view of my own on that.",
    "I do not know enough about that to have a view.",
    "I have nothing useful to say about that.",
    "That is not one of my topics.",
)
ASKED = (
    "Do you support {}?",
    "Are you for {}?",
    "Are you against {}?",
    "Are you for or against {}?",
    "Is {} a good thing?",
    "Is {} a problem?",
    "Should something change about {}?",
    "Would you do something about {}?",
    "{}: yes or no?",
    "{}, good or bad?",
    "What about {}?",
    "And {}?",
    "{}?",
    "{}",
    "How do you like {}?",
    "Does {} matter to you?",
    "What is your take on {}?",
    "Say something about {}.",
    "What does a person like you think about {}?",
    "Your opinion on {}, please.",
    "Let me ask you about {}.",
    "I am interested in {}. What do you think?",
    "Tell me your position on {}.",
    "Should the government care about {}?",
    "What would you say about {}?",
)


def decline_matter(talk: Talk) -> None:
    """Say that the persona has no view on a public matter, and offer a topic."""
    rng = talk.rng
    reply = rng.choice(DECLINED)
    talk.exchange(
        _question(talk, near_matter(rng)),
        f"{reply} {rng.choice(OFFERS).format(rng.choice(OFFERED_PHRASES))}",
        rough=False,
    )
    talk.current = None


def know_topic(talk: Talk, topic: Topic) -> None:
    """Give the view on a topic that is asked about in the same words as what is not known."""
    phrase = talk.rng.choice(topic.phrases)
    give_plain_view(talk, topic, phrase, _question(talk, phrase))


def near_matter(rng: Random) -> str:
    """Return the name of a public matter that is none of the topics' wordings."""
    while True:
        matter = rng.choice(MATTERS) if rng.random() < 0.6 else rng.choice(_FORMS).format(rng.choice(_THINGS))
        if matter not in _KNOWN:
            return matter


def _question(talk: Talk, thing: str) -> str:
    rng = talk.rng
    if talk.wide and rng.random() < 0.8:
        return wording.asking(thing, rng)
    question = sentence(rng.choice(rng.choice((ASKED, ASKED, asking.ABOUT, asking.NEXT))).format(thing))
    chance = rng.random()
    if chance < 0.2:
        return question.lower()
    return question.rstrip("?.") if chance < 0.35 else question
