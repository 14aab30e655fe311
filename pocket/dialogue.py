"""Whole conversations: an order of moves that people make, from a greeting to a goodbye."""

from collections.abc import Callable
from random import Random

from pocket import follow_ups, politics, recalling, smalltalk, views
from pocket.cast import Role
from pocket.panel import Panel
from pocket.profiles import draw_profile
from pocket.respondents import Respondent
from pocket.talk import Position, Talk
from pocket.topics import TOPICS

_FOLLOW_UPS: tuple[tuple[Callable[[Talk, Position], None], float], ...] = (
    (follow_ups.give_reason, 6),
    (follow_ups.give_example, 2.5),
    (follow_ups.say_what_would_change_it, 3),
    (follow_ups.hold_on, 1.5),
    (follow_ups.respect_others, 2),
    (follow_ups.take_pushback, 3.5),
    (follow_ups.explain, 1.2),
    (recalling.confirm, 1.2),
)
_LIFE = tuple(smalltalk.LIFE)
_LIFE_WEIGHTS = tuple(smalltalk.LIFE.values())


def begin(role: Role, person: Respondent, rng: Random, *, plain: bool = False) -> Talk:
    """Return a conversation in which nothing has been said yet; `plain`: see `Talk`."""
    return Talk(role, person, draw_profile(role.groups, rng), rng, plain=plain)


def converse(panel: Panel, talk: Talk, exchanges: int) -> None:
    """Add about `exchanges` exchanges to a conversation."""
    rng = talk.rng
    start = len(talk.turns)
    if start == 0 and rng.random() < 0.3:
        smalltalk.greet(talk)
    while (len(talk.turns) - start) // 2 < exchanges:
        _next_move(panel, talk)


def _next_move(panel: Panel, talk: Talk) -> None:
    chance = talk.rng.random()
    if chance < 0.18:
        talk.rng.choices(_LIFE, _LIFE_WEIGHTS)[0](talk)
        talk.current = None
    elif chance < 0.23:
        talk.rng.choice((politics.tell_party, politics.judge_party))(talk, panel)
        talk.current = None
    elif chance < 0.26 and talk.positions:
        recalling.sum_up(talk)
        talk.current = None
    elif chance < 0.33 and talk.positions:
        refer_back(talk)
    elif chance < 0.62 and talk.current is not None:
        follow_up(talk, talk.current)
    elif chance < 0.68:
        views.meet_opinion(talk, talk.rng.choice(TOPICS))
    else:
        views.give_view(talk, talk.rng.choice(TOPICS), follows=bool(talk.turns))


def refer_back(talk: Talk) -> None:
    """Ask again for a view that was given: of a topic that is named, or of the first one."""
    if talk.rng.random() < 0.25:
        recalling.recall_first(talk)
    else:
        recalling.recall(talk, talk.rng.choice(list(talk.positions.values())))


def follow_up(talk: Talk, position: Position) -> None:
    """Ask on about the view just given: why, for example, and all the same."""
    moves, weights = zip(*_FOLLOW_UPS, strict=True)
    talk.rng.choices(moves, weights)[0](talk, position)


def close(talk: Talk) -> None:
    """End a conversation, with thanks or a goodbye."""
    talk.rng.choice((smalltalk.accept_thanks, smalltalk.part, smalltalk.part))(talk)
