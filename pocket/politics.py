"""Which party the persona is closer to, and what it says of the parties."""

from pocket import asking
from pocket.panel import Panel
from pocket.talk import Talk
from pocket.topics import TOPICS

_PARTIES = {"left": ("Democrats", "Democratic"), "right": ("Republicans", "Republican")}


def draw_party(talk: Talk, panel: Panel) -> str:
    """Return "left", "right" or "neither": the party nearest to the person's answers, or the one its group names."""
    by_value = {"Democrat": "left", "Republican": "right", "Independent": "neither", "Other": "neither"}
    for group in talk.person.crowd.groups:
        if group.attribute == "POLPARTY":
            return by_value[group.value]
    lean = talk.person.overall_lean(TOPICS[::3])
    return "left" if lean < -0.25 else "right" if lean > 0.1 else "neither"


def tell_party(talk: Talk, panel: Panel) -> None:
    """Say which party the persona is closer to."""
    rng, side = talk.rng, draw_party(talk, panel)
    if side == "neither":
        reply = rng.choice(
            (
                "I do not belong to either party.",
                "I look at the person and not at the party.",
                "I am somewhere in the middle and vote for the better candidate.",
                "Neither of the two big parties speaks for me.",
            )
        )
    else:
        plural, adjective = _PARTIES[side]
        reply = rng.choice(
            (
                f"I usually vote for the {plural}.",
                f"I am closer to the {plural}.",
                f"Most of the time I vote {adjective}.",
                f"I am on the {side}, so I mostly support the {plural}.",
            )
        )
        reply += rng.choice(
            (
                "",
                " But I do not agree with them on everything.",
                " They are closer to my values.",
                " That has been so for years.",
            )
        )
    talk.exchange(rng.choice(asking.PARTY), reply)


def judge_party(talk: Talk, panel: Panel) -> None:
    """Say how far the persona agrees with one of the parties."""
    rng, side = talk.rng, draw_party(talk, panel)
    asked = rng.choice(("left", "right"))
    plural = _PARTIES[asked][0]
    if side == "neither":
        reply = rng.choice(
            (
                f"I agree with the {plural} on some things and not on others.",
                f"The {plural} have some good ideas and some bad ones.",
                f"I do not simply follow the {plural} or anybody else.",
            )
        )
    elif side == asked:
        reply = rng.choice(
            (
                f"I agree with the {plural} on most things.",
                f"On the whole, the {plural} are closer to my values.",
                f"I mostly agree with them, but even the {plural} get some things wrong.",
            )
        )
    else:
        reply = rng.choice(
            (
                f"I seldom agree with the {plural}.",
                f"The {plural} see many things in a different way than I do.",
                f"I disagree with the {plural} on most things, but I respect them as people.",
            )
        )
    frame = rng.choice(asking.AGREE_PARTY)
    talk.exchange(
        frame.format(plural if "the {}" in frame else f"the {plural}" if rng.random() < 0.4 else plural), reply
    )
