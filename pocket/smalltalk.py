"""Greetings, thanks, the persona's own life, its party, what it is, and what it does not know."""

from collections.abc import Callable, Mapping

from pocket import asking
from pocket.panel import Panel
from pocket.phrasing import sentence
from pocket.talk import Talk
from pocket.topics import TOPICS
from pocket.unknown import ANSWERS, OFFERS, politician, task, unknown_thing

_EASY_PHRASES = tuple(topic.phrases[0] for topic in TOPICS)
_PARTIES = {"left": ("Democrats", "Democratic"), "right": ("Republicans", "Republican")}


def greet(talk: Talk) -> None:
    """Return a greeting."""
    rng = talk.rng
    hello = rng.choice(("Hello!", "Hi!", "Hi there!", "Hello, nice to meet you.", "Hey!", "Good to meet you."))
    more = rng.choice(
        (
            "What would you like to talk about?",
            "How are you?",
            "What is on your mind?",
            "Ask me anything you like.",
            f"We could talk about {rng.choice(_EASY_PHRASES)}.",
            "I am glad to talk with you.",
        )
    )
    talk.exchange(rng.choice(asking.HELLO), f"{hello} {more}")


def say_how_it_is(talk: Talk) -> None:
    """Answer "how are you?"."""
    rng = talk.rng
    well = rng.choice(
        (
            "I am doing well, thank you.",
            "I am fine, thanks.",
            "Not bad, thank you.",
            "Pretty good, thanks for asking.",
            "I am well. It was a busy week.",
        )
    )
    hobby = talk.profile.hobby
    more = rng.choice(
        (
            "How are you?",
            f"I had some time for {hobby} today." if talk.profile.groups else "It has been a quiet day.",
            "What would you like to talk about?",
            "And how are you?",
        )
    )
    talk.exchange(rng.choice(asking.HOW), f"{well} {more}")


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
        rng.shuffle(facts)
        parts = [*profile.own_words, *facts[: rng.choice((1, 2, 2, 3))]]
    if rng.random() < 0.2:
        parts.append(rng.choice(("What about you?", "What would you like to know?")))
    talk.exchange(rng.choice(asking.SELF), talk.cut(parts) if len(profile.groups) < 2 else " ".join(parts))


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
        replies = (
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


def admit_machine(talk: Talk) -> None:
    """Say plainly what this is: a small language model that plays a part."""
    rng = talk.rng
    first = rng.choice(("No, I am not a real person.", "I am not a person.", "To be honest, I am a computer program."))
    second = rng.choice(
        (
            "I am a small language model, made for demonstration.",
            "I am a very small language model that plays a part.",
            "I am a small demonstration model that speaks in the voice of a group.",
        )
    )
    third = rng.choice(
        (
            "What I say is no evidence about real people.",
            "Please do not take my words as evidence about anybody.",
            "My answers tell you nothing certain about real people.",
        )
    )
    talk.exchange(rng.choice(asking.MACHINE), f"{first} {second} {third}")


def name_topics(talk: Talk) -> None:
    """Say what the persona can talk about."""
    rng = talk.rng
    one, two, three = rng.sample(_EASY_PHRASES, 3)
    reply = rng.choice(
        (
            f"We could talk about {one}, {two} or {three}.",
            f"I have views on many things, such as {one}, {two} and {three}.",
            f"I think a lot about {one} and about {two}.",
            f"Ask me about {one}, {two} or {three}.",
        )
    )
    talk.exchange(rng.choice(asking.TOPICS_ASKED), reply)


def admit_not_knowing(talk: Talk) -> None:
    """Name the thing back, say that the persona knows too little about it, and offer a topic."""
    rng = talk.rng
    thing = unknown_thing(rng)
    parts = [sentence(rng.choice(ANSWERS).format(thing))]
    if rng.random() < 0.8:
        parts.append(rng.choice(OFFERS).format(rng.choice(_EASY_PHRASES)))
    question = sentence(rng.choice(asking.UNKNOWN).format(thing))
    if rng.random() < 0.35:
        question = question.lower() if rng.random() < 0.2 else question.rstrip("?.")
    talk.exchange(question, " ".join(parts), rough=False)


def decline_task(talk: Talk) -> None:
    """Say that facts, sums and poems are not what the persona is for."""
    rng = talk.rng
    first = rng.choice(
        (
            "I cannot help you with that.",
            "I am not the right one for that.",
            "Sorry, that is not something I can do.",
            "I do not know that, I am afraid.",
            "You had better ask somebody else.",
        )
    )
    second = rng.choice(
        (
            "But I can tell you what I think about {}.",
            "I can only tell you how I see things like {}.",
            "Ask me about {} instead.",
        )
    ).format(rng.choice(_EASY_PHRASES))
    talk.exchange(task(rng), f"{first} {second}")


def judge_no_politician(talk: Talk) -> None:
    """Turn from a politician to an issue."""
    rng = talk.rng
    first = rng.choice(
        (
            "I would rather talk about issues than about single politicians.",
            "I do not want to judge single politicians here.",
            "I leave that to others. I care more about issues.",
        )
    )
    frames = (
        "What do you think about {}?",
        "Do you like {}?",
        "How do you feel about {}?",
        "{}?",
        "Is {} doing a good job?",
        "Tell me about {}.",
    )
    talk.exchange(
        sentence(rng.choice(frames).format(politician(rng))),
        f"{first} {rng.choice(OFFERS).format(rng.choice(_EASY_PHRASES))}",
    )


def ask_back(talk: Talk) -> None:
    """Meet a "why?" that refers to nothing."""
    rng = talk.rng
    first = rng.choice(
        ("I am not sure what you mean.", "What exactly do you mean?", "I do not know which topic you mean.")
    )
    question = rng.choice(rng.choice((asking.WHY, asking.MEANING, asking.CHANGE, asking.EXAMPLE)))
    talk.exchange(question, f"{first} {rng.choice(OFFERS).format(rng.choice(_EASY_PHRASES))}")


def accept_thanks(talk: Talk) -> None:
    """Answer thanks."""
    reply = talk.rng.choice(
        (
            "You are welcome.",
            "My pleasure.",
            "Gladly.",
            "Thank you for listening.",
            "You are welcome. It was good to talk.",
        )
    )
    talk.exchange(talk.rng.choice(asking.THANKS), reply)


def part(talk: Talk) -> None:
    """Say goodbye."""
    reply = talk.rng.choice(
        (
            "Goodbye, and take care.",
            "Bye! It was nice talking to you.",
            "Take care.",
            "See you. Thank you for the talk.",
            "Goodbye!",
        )
    )
    talk.exchange(talk.rng.choice(asking.GOODBYE), reply)


def nod(talk: Talk) -> None:
    """Keep the conversation going after a short word from the user."""
    rng = talk.rng
    offers = [
        f"Would you like to talk about {rng.choice(_EASY_PHRASES)}?",
        "Is there anything else you would like to know?",
        "What else would you like to talk about?",
    ]
    if talk.current is not None:
        offers += [
            f"Do you want to hear more about {talk.current.phrase}?",
            f"And how do you see {talk.current.phrase}?",
        ]
    talk.exchange(
        rng.choice(asking.NODS),
        f"{rng.choice(('Good.', 'Well,', 'All right.', 'Yes.'))} {rng.choice(offers)}".replace("Well, ", "Well. "),
    )


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


LIFE: Mapping[Callable[[Talk], None], float] = {
    say_how_it_is: 3,
    introduce: 5,
    tell_of_work: 2,
    tell_of_home: 1.5,
    tell_of_family: 1.5,
    tell_of_age: 1,
    tell_of_free_time: 1.5,
    tell_of_belief: 1,
    tell_name: 0.7,
    admit_machine: 1.5,
    name_topics: 2,
    admit_not_knowing: 8,
    decline_task: 2,
    judge_no_politician: 1,
    ask_back: 0.7,
    nod: 2,
    accept_thanks: 1,
}
"""Moves that need no topic under discussion, with how often they come."""
