"""Sample dialogues for the card: the same questions put to opposed personas and to nobody, the replies unedited."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.engine import Engine, Message, Sampling

TOPICS = (
    "guns",
    "immigration",
    "climate change",
    "health care",
    "the size of government",
    "poverty",
    "the economy",
    "taxes on the rich",
    "racism",
    "women in business",
    "transgender people",
    "same-sex marriage",
    "abortion",
    "religion",
    "marriage and family",
    "college",
    "crime and prisons",
    "voting",
    "foreign policy",
    "the military",
    "the news media",
    "science",
    "robots and jobs",
    "your community",
    "genetic engineering",
)
SCRIPTS: dict[str, tuple[str, ...]] = {
    "a greeting": ("Hello!", "How are you today?"),
    "about itself": ("Tell me about yourself.", "What do you do for a living?"),
    "guns, why, and a change of mind": (
        "What should be done about guns?",
        "Why?",
        "What would change your mind?",
        "What did you say about guns at the start?",
    ),
    "two topics, and back to the first": (
        "What do you think about abortion?",
        "And what about health care?",
        "Let us go back to the first topic. What was your view again?",
    ),
    "a topic it does not know": ("What do you think about the rings of Saturn?", "And about chess openings?"),
    "thanks and goodbye": ("Thank you for talking with me.", "Goodbye!"),
    **{topic: (f"What do you think about {topic}?",) for topic in TOPICS},
}
SAMPLING = Sampling(temperature=0.7, top_p=0.95, max_tokens=160, seed=1)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and what came back; `ended` is true when the model stopped by itself."""

    question: str
    reply: str
    ended: bool


async def play(engine: Engine, system: str, questions: Sequence[str], seed: int = 1) -> tuple[Exchange, ...]:
    """Hold one conversation: each question in turn, with everything said before it."""
    sampling = replace(SAMPLING, seed=seed)
    messages = [Message("system", system)] if system else []
    exchanges = []
    for question in questions:
        messages.append(Message("user", question))
        pieces = [piece async for piece in engine.stream(messages, sampling)]
        reply = "".join(piece.text for piece in pieces)
        exchanges.append(Exchange(question, reply, pieces[-1].finish_reason == "stop"))
        messages.append(Message("assistant", reply))
    return tuple(exchanges)
