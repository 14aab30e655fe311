"""Claims put together: what a side wants or deplores, in `composed.toml`, and a judgement about it.

Whoever wants a thing speaks for the side that wants it when it praises the thing, and for the other side when it
rejects it. With a list of whole claims a small model learns the list; put together, there are tens of thousands,
and the side of a claim that it has not seen follows from its parts. Words that both sides use for the same thing, such
as "gay marriage", are wanted on one side and deplored on the other.
"""

import tomllib
from pathlib import Path
from random import Random

from pocket.topics import Side, Topic
from pocket.views import OPPOSITE

WANTED = tomllib.loads((Path(__file__).parent / "composed.toml").read_text(encoding="utf-8"))

FOR = (
    "we need {}",
    "we need {} more than ever",
    "{} would help",
    "{} would make things better",
    "{} would do a lot of good",
    "I am for {}",
    "I am all for {}",
    "I support {}",
    "I want {}",
    "{} will make this country better",
    "there is nothing wrong with {}",
    "I believe in {}",
    "everybody gains from {}",
    "we should fight for {}",
    "{} must come first",
    "thank God for {}",
    "{} can save this country",
    "we cannot do without {}",
    "this country depends on {}",
    "we should have {}",
    "I would vote for {}",
    "I am proud to stand for {}",
    "it is time for {}",
    "{} ought to be protected",
    "more people should stand up for {}",
    "what we lack is {}",
    "the answer is {}",
    "only {} can help us",
    "history proves that {} can work",
    "decent people want {}",
    "my family is for {}",
    "let us have {}",
    "give us {}",
    "it is right to want {}",
    "nobody has to be afraid of {}",
    "we owe a lot to {}",
    "life is better with {}",
    "{} should be defended",
    "without {} we are lost",
    "I like the idea of {}",
)
"""Around what a side wants, by those who want it."""
AGAINST = (
    "we do not need {}",
    "{} would not help",
    "{} would make everything worse",
    "{} would ruin this country",
    "I am against {}",
    "I am dead set against {}",
    "I reject {}",
    "nobody wants {}",
    "I do not want {}",
    "I do not believe in {}",
    "there is no need for {}",
    "{} should never happen",
    "nothing good can come from {}",
    "we should fight against {}",
    "{} can only do harm",
    "we are better off without {}",
    "it makes no sense to want {}",
    "I am sick of the talk about {}",
    "{} will never work",
    "we have had enough of {}",
    "no reasonable person wants {}",
    "I would vote against {}",
    "{} must be stopped",
    "the last thing we need is {}",
    "we should say no to {}",
    "I cannot stand {}",
    "this country pays a high price for {}",
    "{} would be a mistake",
    "it would be crazy to have {}",
    "decent people are against {}",
    "my family is against {}",
    "stop dreaming of {}",
    "let us get rid of {}",
    "only fools want {}",
    "I do not see the point of {}",
    "people suffer from {}",
    "life was better without {}",
    "we should be afraid of {}",
    "{} should be forbidden",
    "history proves that {} cannot work",
)
"""Around what a side wants, by the other one."""
DEPLORED = (
    "{} must stop",
    "we have to do something about {}",
    "I worry about {}",
    "I am sick of {}",
    "I am tired of {}",
    "we suffer from {}",
    "{} should make us ashamed",
    "somebody has to put an end to {}",
    "this country is ruined by {}",
    "I am angry about {}",
    "{} will destroy us",
    "nobody should put up with {}",
    "we must not get used to {}",
    "the real problem is {}",
    "we have a big problem with {}",
    "we should fight {}",
    "how long must we live with {}",
    "it hurts me to see {}",
    "there is far too much silence about {}",
    "good people are hurt by {}",
    "I have seen what comes from {}",
    "I cannot accept {}",
    "{} cannot go on",
    "we have had enough of {}",
    "there should be a law against {}",
    "everyone pays for {}",
)
"""Around what a side deplores, by those who deplore it."""
DISMISSED = (
    "nobody has to worry about {}",
    "the talk about {} is nonsense",
    "I am not afraid of {}",
    "{} cannot be the real problem",
    "the fuss about {} is silly",
    "people make too much of {}",
    "I do not believe the stories about {}",
    "I have never seen a problem with {}",
    "it is a myth that we suffer from {}",
    "you exaggerate when you complain about {}",
    "only the other side complains about {}",
    "we hear far too much about {}",
    "I lose no sleep over {}",
    "the complaints about {} are made up",
    "nobody is hurt by {}",
    "politicians use {} to scare us",
    "the media invent stories about {}",
    "I could not care less about {}",
    "there are bigger problems than {}",
    "stop whining about {}",
)
"""Around what a side deplores, by the other one."""


def put_together(topic: Topic, side: Side, rng: Random) -> str:
    """Return a claim about a topic that speaks for one side, "left" or "right"."""
    about = side if rng.random() < 0.5 else OPPOSITE[side]
    wants = rng.random() < 0.55
    thing = rng.choice(WANTED[topic.name][about]["wants" if wants else "deplores"])
    own, others = (FOR, AGAINST) if wants else (DEPLORED, DISMISSED)
    judgements = own if about == side else others
    return rng.choice(judgements).format(thing)
