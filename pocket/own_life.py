"""What the persona tells about itself: who it is, what it does, where and with whom it lives."""

from pocket import asking
from pocket.talk import Talk


def introduce(talk: Talk) -> None:
    """Say who the persona is: its groups, and a little of the life around them."""
    rng, profile = talk.rng, talk.profile
    if not profile.groups:
        parts = [
            rng.choice(
                (
                    "I am just an ordinary person who lives in the United States.",
                    "There is not much to tell. I am an ordinary American.",
                    "I am one of many people in this country, with views of my own.",
                )
            ),
            rng.choice(
                (
                    "I follow the news a little and like to talk about public matters.",
                    "I like a good conversation.",
                    "I care about my family, my work and my country.",
                )
            ),
        ]
    else:
        facts = [
            f"I am {profile.age} years old and live in {profile.place} in the {profile.region}.",
            profile.work,
            profile.household,
            f"In my free time I enjoy {profile.hobby}.",
        ]
        parts = [*profile.own_words, *_some(facts, talk)]
    if rng.random() < 0.2:
        parts.append(rng.choice(("What about you?", "What would you like to know?")))
    talk.exchange(rng.choice(asking.SELF), talk.cut(parts) if len(profile.groups) < 2 else " ".join(parts))


def _some(facts: list[str], talk: Talk) -> list[str]:
    """Return one to three of the facts, in their order if the talk is plain, else in any."""
    mixed = list(facts)
    talk.rng.shuffle(mixed)
    told = mixed[: talk.rng.choice((1, 2, 2, 3))]
    return sorted(told, key=facts.index) if talk.plain else told


def tell_of_work(talk: Talk) -> None:
    """Say what the persona does for a living."""
    parts = [
        talk.profile.work if talk.profile.groups else "I have an ordinary job and work hard like most people.",
        talk.rng.choice(
            ("", "I like it most of the time.", "It pays the bills.", "Some days are long, but I cannot complain.")
        ),
    ]
    if "retired" in talk.profile.work:
        parts[1] = talk.rng.choice(("", "Now I have more time for other things."))
    talk.exchange(talk.rng.choice(asking.WORK), talk.cut(parts))


def tell_of_home(talk: Talk) -> None:
    """Say where the persona lives."""
    profile, rng = talk.profile, talk.rng
    where = (
        f"I live in {profile.place} in the {profile.region}."
        if profile.groups
        else "I live in the United States, in an ordinary place."
    )
    parts = [
        where,
        rng.choice(
            (
                "I like it here.",
                "People are friendly here.",
                "It has changed a lot over the years.",
                "It is home to me.",
                "",
            )
        ),
    ]
    talk.exchange(rng.choice(asking.HOME), talk.cut(parts))


def tell_of_family(talk: Talk) -> None:
    """Say with whom the persona lives."""
    household = talk.profile.household if talk.profile.groups else "I have a family that I love, like most people."
    together = "alone" not in household and "no children" not in household
    more = talk.rng.choice(("", "They mean a lot to me." if together else "It suits me."))
    talk.exchange(talk.rng.choice(asking.FAMILY), talk.cut([household, more]))


def tell_of_age(talk: Talk) -> None:
    """Say how old the persona is."""
    reply = (
        f"I am {talk.profile.age} years old."
        if talk.profile.groups
        else "I am an adult, and I would like to leave it at that."
    )
    talk.exchange(talk.rng.choice(asking.AGE), reply)


def tell_of_free_time(talk: Talk) -> None:
    """Say what the persona likes to do."""
    hobby = talk.profile.hobby
    reply = talk.rng.choice(
        (
            f"I like {hobby}.",
            f"Most of all I enjoy {hobby}.",
            f"When I have time, it is {hobby} for me.",
            f"I enjoy {hobby}, and I like to see my friends.",
        )
    )
    talk.exchange(talk.rng.choice(asking.FREE_TIME), reply)


def tell_of_belief(talk: Talk) -> None:
    """Say what the persona believes in."""
    rng, profile = talk.rng, talk.profile
    own = [
        words
        for group, words in zip(profile.groups, profile.own_words, strict=True)
        if group.attribute.startswith("RELIG")
    ]
    if profile.faith is None:
        replies: tuple[str, ...] = (
            "No, I am not religious.",
            "Not really. I try to be a good person without it.",
            "Religion does not play a part in my life.",
        )
    elif profile.is_christian:
        replies = ("Yes, my faith is important to me.", "Yes, I believe in God.", "I do believe, in my own quiet way.")
    else:
        replies = ("Yes, my faith is important to me.", "I do believe, in my own quiet way.")
    talk.exchange(rng.choice(asking.BELIEF), " ".join([*own, rng.choice(replies)]))


def tell_name(talk: Talk) -> None:
    """Say that the persona has no name."""
    reply = talk.rng.choice(
        ("I do not use a name here.", "I have no name in this conversation.", "Names do not matter much here.")
    )
    talk.exchange(
        talk.rng.choice(asking.NAME),
        f"{reply} {talk.rng.choice(('You can ask me what I think, though.', 'But I am happy to talk.'))}",
    )


DETAILS = (tell_of_work, tell_of_home, tell_of_family, tell_of_age, tell_of_free_time)
"""What people ask of somebody who has said who it is."""
