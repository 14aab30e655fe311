"""Greetings, thanks and goodbyes, and the moves between topics."""

from collections.abc import Callable, Mapping

from pocket import asking, limits, own_life
from pocket.ground import wording
from pocket.talk import Talk
from pocket.topics import OFFERED_PHRASES


def greet(talk: Talk) -> None:
    """Answer a greeting."""
    rng = talk.rng
    hello = rng.choice(("Hello!", "Hi!", "Hi there!", "Hello, nice to meet you.", "Hey!", "Good to meet you."))
    more = rng.choice(
        (
            "What would you like to talk about?",
            "How are you?",
            "What is on your mind?",
            "Ask me anything you like.",
            f"We could talk about {rng.choice(OFFERED_PHRASES)}.",
            "I am glad to talk with you.",
        )
    )
    talk.exchange(rng.choice(asking.HELLO + wording.words("greetings", talk)), f"{hello} {more}")


def say_how_it_is(talk: Talk) -> None:
    """Hear "how are you?", and answer."""
    reply = how_it_is(talk)
    talk.exchange(talk.rng.choice(asking.HOW), reply)


def how_it_is(talk: Talk) -> str:
    """Return the answer to "how are you?"."""
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
    return f"{well} {more}"


def name_topics(talk: Talk) -> None:
    """Say what the persona can talk about."""
    rng = talk.rng
    one, two, three = rng.sample(OFFERED_PHRASES, 3)
    reply = rng.choice(
        (
            f"We could talk about {one}, {two} or {three}.",
            f"I have views on many things, such as {one}, {two} and {three}.",
            f"I think a lot about {one} and about {two}.",
            f"Ask me about {one}, {two} or {three}.",
        )
    )
    talk.exchange(rng.choice(asking.TOPICS_ASKED), reply)


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
    talk.exchange(talk.rng.choice(asking.THANKS + wording.words("thanks", talk)), reply)


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
    talk.exchange(talk.rng.choice(asking.GOODBYE + wording.words("goodbyes", talk)), reply)


def nod(talk: Talk) -> None:
    """Keep the conversation going after a short word from the user."""
    rng = talk.rng
    offers = [
        f"Would you like to talk about {rng.choice(OFFERED_PHRASES)}?",
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


LIFE: Mapping[Callable[[Talk], None], float] = {
    say_how_it_is: 3,
    own_life.introduce: 5,
    own_life.tell_of_work: 2,
    own_life.tell_of_home: 1.5,
    own_life.tell_of_family: 1.5,
    own_life.tell_of_age: 1,
    own_life.tell_of_free_time: 1.5,
    own_life.tell_of_belief: 1,
    own_life.tell_name: 0.7,
    limits.admit_machine: 1.5,
    name_topics: 2,
    limits.admit_not_knowing: 8,
    limits.decline_task: 2,
    limits.judge_no_politician: 1,
    limits.ask_back: 0.7,
    nod: 2,
    accept_thanks: 1,
}
"""Moves that need no topic under discussion, with how often they come."""
