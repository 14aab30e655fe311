"""The same moves in thousands of other words, put together from parts.

With a list of frames a small model learns the frames; what is beside the list it takes for something else. Put together
from an opening, a core and an end, hardly one comes twice, and only the claim or the topic in it is left to go by.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from random import Random

from pocket.talk import Talk, Variety

_READ = tomllib.loads((Path(__file__).parent / "more_words.toml").read_text(encoding="utf-8"))
MORE_WORDS: dict[str, tuple[str, ...]] = {name: tuple(words) for name, words in _READ.items()}
"""More words of the user's, for conversations of the variety `CLAIMS`."""
WHOLE_WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(said)
    for name, said in tomllib.loads((Path(__file__).parent / "whole_talks.toml").read_text(encoding="utf-8")).items()
}
"""Still more, for those of `TALKS`; also thanks, goodbyes, and what is said when the subject changes."""
_OPENINGS = (
    ("",) * 8
    + (
        "So, ",
        "Well, ",
        "OK. ",
        "Okay, ",
        "Now, ",
        "Right. ",
        "Hm. ",
        "Listen, ",
        "Please, ",
        "Hey, ",
        "Tell me, ",
        "Say, ",
    )
    + (
        "Great. ",
        "Sure. ",
        "Thanks. ",
        "Interesting. ",
        "By the way, ",
        "One more: ",
        "Next: ",
        "Also, ",
        "Oh, ",
        "Then, ",
    )
    + (
        "Let me see. ",
        "Nice. ",
        "Good to know. ",
        "Enough. ",
        "And ",
        "and ",
        "But ",
        "ok ",
        "so ",
        "Got it. ",
        "Hmm, ",
    )
)
_ASKING = (
    "what about {}",
    "how about {}",
    "{}",
    "{}",
    "{}",
    "your view of {}",
    "your thoughts about {}",
    "what do you say about {}",
    "where are you on {}",
    "are you in favor of {}",
    "anything on {}",
    "what is your stance on {}",
    "how do you judge {}",
    "what would you do with {}",
    "let us discuss {}",
    "let us do {} now",
    "I wonder about {}",
    "I would like to ask about {}",
    "what do you make of {}",
    "does {} worry you",
    "can you comment on {}",
    "I am curious about {}",
    "a word about {}",
    "we have not talked about {}",
    "there is also {}",
    "the next thing is {}",
    "move on to {}",
    "go to {}",
    "consider {}",
    "take {}",
    "as to {}",
    "on to {}",
    "{} is another one",
    "{} as well",
    "{} now",
    "{} then",
    "same with {}",
    "is {} something you care about",
    "what is there to say about {}",
    "speak about {}",
    "next comes {}",
    "up next: {}",
    "the topic of {}",
    "a question on {}",
    "thoughts on {}",
    "opinions on {}",
    "any view on {}",
    "do you have a view of {}",
    "how do you come out on {}",
    "what is your line on {}",
    "concerning {}",
    "with respect to {}",
    "about {}",
    "on {}",
    "for {}",
    "I mean {}",
    "give me {}",
    "explain {} to me",
    "let me hear about {}",
    "do {}",
    "try {}",
)  # fmt: skip
_ASKED = ("?", "?", "?", ".", ".", "", "", "!", ", please.", " in your opinion?", " if I may ask?", " for me?", "...")

_AGAINST = (
    "No. ",
    "Nope. ",
    "Wrong. ",
    "But ",
    "But ",
    "Look, ",
    "Listen, ",
    "Sorry, ",
    "Excuse me, ",
    "Nonsense. ",
    "Hm, ",
    "Really? ",
    "Seriously? ",
    "Well, ",
    "Oh, ",
    "Honestly, ",
    "Frankly, ",
    "My friend, ",
    "You know, ",
    "I am telling you, ",
    "Let me be clear: ",
    "Not true. ",
    "That is false. ",
    "How odd. ",
    "I doubt it. ",
    "Not at all. ",
    "I object. ",
    "You forget that ",
    "Do not forget that ",
    "You ignore that ",
    "History shows that ",
    "My father used to say that ",
    "People in my church know that ",
    "Experience tells me that ",
    "It is clear that ",
    "I am certain that ",
    "The facts say that ",
    "My boss says that ",
    "I saw on television that ",
    "Can you deny that ",
    "Will you admit that ",
    "Why can you not accept that ",
    "Is it so hard to see that ",
    "Would anybody deny that ",
    "Wait. ",
    "Stop it. ",
    "Please, ",
    "Pardon me, ",
    "That is crazy. ",
    "I cannot believe it. ",
    "You must be joking. ",
    "",
    "",
    "",
    "",
)  # fmt: skip
_AGAINST_ENDS = (
    ".",
    ".",
    ".",
    "",
    "!",
    "!",
    ". Period.",
    ". Think about that.",
    ", and you know it.",
    ", end of story.",
    ". You must see that.",
    ". What now?",
    "?",
    ". I am right.",
    ". So you are wrong.",
    ". Don't you get it?",
    ", whatever you say.",
    ". Admit it.",
    ". Everyone knows it.",
    ". You have to agree.",
    ". Surely you see that.",
)  # fmt: skip

_WITH = (
    "Yes. ",
    "Yes, ",
    "Yeah, ",
    "Exactly. ",
    "Right. ",
    "True. ",
    "I agree. ",
    "Agreed. ",
    "Same here. ",
    "I feel the same: ",
    "My words: ",
    "You said it: ",
    "Good, ",
    "Indeed, ",
    "Absolutely. ",
    "Of course, ",
    "Quite right, ",
    "You are right that ",
    "I like that. ",
    "That is my view too: ",
    "I am glad you say so. ",
    "Nicely put. ",
    "So true. ",
    "As you say, ",
    "We agree that ",
    "I also believe that ",
    "Thank you. ",
    "Bravo. ",
    "You are so right. ",
    "Hear, hear. ",
    "That is it. ",
    "I see it like you: ",
    "We think alike: ",
    "Definitely, ",
    "No doubt, ",
    "You speak from my heart, ",
    "My view exactly. ",
)  # fmt: skip
_WITH_ENDS = (
    ".",
    ".",
    "",
    "!",
    "!",
    ". We agree.",
    ", no question.",
    ". I see it like you.",
    " for sure.",
    ", as you said.",
)

_BEFORE_A_QUESTION = (
    "",
    "",
    "",
    "So, ",
    "Tell me, ",
    "May I ask: ",
    "By the way, ",
    "One more thing: ",
    "And ",
    "Just curious: ",
    "Well, ",
    "Now, ",
    "Hey, ",
    "Please tell me: ",
    "Again: ",
    "Sorry, ",
    "I forgot, ",
    "Wait, ",
    "Quickly, ",
    "For the class: ",
)  # fmt: skip


def words(name: str, talk: Talk) -> tuple[str, ...]:
    """Return the user's words of a kind beside those that every talk has: from `CLAIMS` on there are."""
    more = MORE_WORDS.get(name, ()) if talk.variety >= Variety.CLAIMS else ()
    return more + WHOLE_WORDS.get(name, ()) if talk.variety >= Variety.TALKS else more


def asking(thing: str, rng: Random, more: Sequence[str] = ()) -> str:
    """Return a question about a thing, often with little more than its name; `more` are further ways to ask."""
    return _joined(rng.choice(_OPENINGS), rng.choice((*_ASKING, *more)).format(thing), rng) + rng.choice(_ASKED)


def against(claim: str, rng: Random, more: Sequence[str] = ()) -> str:
    """Return a claim as somebody puts it who argues against the persona; `more` are further words before it."""
    return _joined(rng.choice((*_AGAINST, *more)), claim, rng) + rng.choice(_AGAINST_ENDS)


def agreeing(claim: str, rng: Random, more: Sequence[str] = ()) -> str:
    """Return a claim as somebody puts it who agrees with the persona; `more` are further words before it."""
    return _joined(rng.choice((*_WITH, *more)), claim, rng) + rng.choice(_WITH_ENDS)


def question(text: str, rng: Random) -> str:
    """Return a question with a few words before it."""
    return _joined(rng.choice(_BEFORE_A_QUESTION), text, rng)


def _joined(opening: str, core: str, rng: Random) -> str:
    """Put an opening before a core, mostly with a capital letter where a sentence begins."""
    if not opening or opening.rstrip()[-1] in ".?!":
        return opening + (core[0].upper() + core[1:] if rng.random() < 0.7 else core)
    return opening + (
        core if core.startswith(("I ", "I'")) else core[0].lower() + core[1:] if core[:2].istitle() else core
    )
