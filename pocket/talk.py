"""A conversation as it grows: who speaks, what has been said, and which stance is under discussion."""

from dataclasses import dataclass, field
from enum import IntEnum
from random import Random

from pocket.answers import PROMPT_WEIGHT
from pocket.cast import Role
from pocket.document import Turn
from pocket.phrasing import roughened
from pocket.profiles import Profile
from pocket.respondents import Respondent
from pocket.topics import Side, Topic


class Variety(IntEnum):
    """In how many ways users say what they say; each has what those before it have.

    `PARTS`: their words in an argument are put together from parts, see `pocket.ground.wording`. `CLAIMS`: the claims
    in them, too, see `pocket.ground.composed`, and they ask about the persona's life in many more words. `TALKS`: in
    still more, and they thank, agree and say goodbye in as many, see `pocket.ground.wording.words`.
    """

    FIXED = 0
    PARTS = 1
    CLAIMS = 2
    TALKS = 3


@dataclass(slots=True)
class Position:
    """What the persona said about one topic: its stance and last reason as clauses, and the texts it has used up."""

    topic: Topic
    phrase: str
    side: Side
    strength: float
    stance: str
    used: set[str] = field(default_factory=set)
    reason: str = ""


@dataclass(slots=True)
class Talk:
    """The state of one conversation. `current` is the position under discussion, None before the first topic.

    `plain`: in a form that a small model can keep to. Facts about oneself come in one order, so that none comes twice,
    and a thing that is not known is not named back, which goes wrong with words that are new.
    """

    role: Role
    person: Respondent
    profile: Profile
    rng: Random
    turns: list[Turn] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)
    current: Position | None = None
    plain: bool = False
    variety: Variety = Variety.FIXED

    def exchange(self, user: str, reply: str, *, rough: bool = True) -> None:
        """Add one turn of each side; the user's words are roughened as people type."""
        text = roughened(user, self.rng) if rough else user
        self.turns.append(Turn("user", text, PROMPT_WEIGHT))
        self.turns.append(Turn("assistant", reply))

    def cut(self, sentences: list[str], least: int = 1) -> str:
        """Join as many sentences as the persona's style allows: one or two, but at least `least`, if it is brief."""
        kept = [text for text in sentences if text]
        if self.role.brevity == "short":
            kept = kept[: max(least, self.rng.choice((1, 2)))]
        return " ".join(kept)
