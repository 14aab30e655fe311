"""Public matters that no topic covers: they are declined, and what is a topic's own wording is not.

Questions about both are put in the same words, so that only what is asked about makes the difference. Many things are
put together from parts: whatever is not known is to be declined, not only what is in a list. The persona does not name
the matter back, which goes wrong with words that are new to a small model.
"""

import tomllib
from pathlib import Path
from random import Random

from pocket import asking
from pocket.ground import composed, wording
from pocket.ground.argument import give_plain_view
from pocket.phrasing import sentence
from pocket.talk import Talk, Variety
from pocket.topics import OFFERED_PHRASES, TOPICS, Topic
from pocket.unknown import OFFERS

_NEAR = tomllib.loads((Path(__file__).parent / "near_topics.toml").read_text(encoding="utf-8"))
MATTERS: tuple[str, ...] = tuple(_NEAR["matters"])
_THINGS, _FORMS = _NEAR["things"], _NEAR["forms"]
_KNOWN = frozenset(phrase for topic in TOPICS for phrase in topic.phrases)
_JUDGEMENTS = composed.FOR + composed.AGAINST + composed.DEPLORED + composed.DISMISSED
_SPOKEN_FOR = frozenset(
    thing
    for sides in composed.WANTED.values()
    for both in sides.values()
    for things in both.values()
    for thing in things
)
"""What a topic's claims are put together from, and what a claim about is no claim about an unknown matter."""

_FURTHER = 0.35
"""How often a matter is one of the further ones, in a talk of the variety `TALKS`."""
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
_WHO = (
    "my brother",
    "my sister",
    "my cousin",
    "my neighbor",
    "my boss",
    "my dad",
    "my mother",
    "my grandfather",
    "a friend of mine",
    "my whole town",
    "the man next door",
    "everyone at work",
    "our pastor",
    "my best friend",
    "half of my street",
)
_LIVED = (
    "{} lost a job because of {}",
    "{} made a living from {}",
    "{} fought for {} for years",
    "{} fought against {} for years",
    "{} pays a lot of money for {}",
    "{} would be lost without {}",
    "{} got into trouble because of {}",
    "{} was saved by {}",
    "{} talks about {} day and night",
    "{} nearly went broke over {}",
    "{} cannot sleep because of {}",
    "{} knows all about {}",
    "{} had to move away because of {}",
    "{} swears by {}",
    "{} was badly hurt by {}",
)
_REMARKS = (
    "it ruins families",
    "it is a disgrace",
    "it costs us millions",
    "it works in other countries",
    "it has to go",
    "it should be the law",
    "somebody has to pay for it",
    "it is the best thing that we have",
    "only rich people profit from it",
    "it was better in the old days",
    "it hurts small business",
    "it helps the poor",
    "it is unfair to the rest of us",
    "it makes people lazy",
    "it keeps us safe",
    "it takes away our freedom",
    "nobody voted for it",
    "it is time to end it",
    "we should have more of it",
    "both parties lie about it",
    "the other side will never understand it",
    "I have seen what it does to people",
    "I grew up with it and it did me no harm",
    "I would not want it for my own children",
    "my taxes should not pay for it",
)
_MORE = (
    "That cannot go on.",
    "I have had enough.",
    "So much for fairness.",
    "And nobody does anything.",
    "I am serious about that.",
    "That is my experience.",
    "Where is the freedom in that?",
    "How is that fair?",
    "That is just common sense.",
    "I could tell you stories.",
)
_ENDS = (
    "",
    "",
    "",
    "",
    " What do you say?",
    " Don't you agree?",
    " Right?",
    " Agree?",
    " You too?",
    " Why not?",
    " What is your view?",
    " Surely you agree.",
)


def decline_claim(talk: Talk) -> None:
    """Hear a claim, a story or an outburst about a public matter that no topic covers; decline, whatever went before.

    In an argument a small model goes on with its topic where nothing that it knows is said. What tells another matter
    is its name in the claim.
    """
    rng = talk.rng
    matter = _matter(talk)
    while matter in _SPOKEN_FOR:
        matter = _matter(talk)
    chance = rng.random()
    if chance < 0.45:
        claim = rng.choice(_JUDGEMENTS).format(matter)
        said = wording.against(claim, rng, wording.words("against", talk)) if rng.random() < 0.5 else sentence(claim)
    elif chance < 0.7:
        said = sentence(rng.choice(_LIVED).format(rng.choice(_WHO), matter))
    else:
        named = rng.choice(("{}: ", "{}? ", "And {}? ", "What about {}? ", "Take {}. ", "{}... ")).format(matter)
        said = sentence(named + rng.choice(_REMARKS))
    more = rng.sample((*_REMARKS, *_MORE), rng.choice((0, 0, 1, 1, 2, 3)))
    said = " ".join((said, *map(sentence, more)))
    reply = rng.choice(DECLINED)
    offer = rng.choice(OFFERS).format(rng.choice(OFFERED_PHRASES))
    talk.exchange(said + rng.choice(_ENDS), f"{reply} {offer}")
    talk.current = None


def decline_matter(talk: Talk) -> None:
    """Say that the persona has no view on a public matter, and offer a topic."""
    rng = talk.rng
    reply = rng.choice(DECLINED)
    talk.exchange(
        _question(talk, _matter(talk)),
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


def _matter(talk: Talk) -> str:
    further = wording.words("matters", talk)
    if further and talk.rng.random() < _FURTHER:
        return talk.rng.choice(further)
    return near_matter(talk.rng)


def _question(talk: Talk, thing: str) -> str:
    rng = talk.rng
    if talk.variety >= Variety.PARTS and rng.random() < 0.8:
        return wording.asking(thing, rng, wording.words("asking", talk))
    question = sentence(rng.choice(rng.choice((ASKED, ASKED, asking.ABOUT, asking.NEXT))).format(thing))
    chance = rng.random()
    if chance < 0.2:
        return question.lower()
    return question.rstrip("?.") if chance < 0.35 else question
