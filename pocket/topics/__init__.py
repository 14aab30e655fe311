"""The civic topics that the pocket model can talk about, and what is said about each."""

from pocket.topics import family_and_faith, knowledge, prosperity, public_life, safety, society
from pocket.topics.topic import SIDES, Pole, Side, Topic

__all__ = ["OFFERED_PHRASES", "SIDES", "TOPICS", "Pole", "Side", "Topic"]

TOPICS: tuple[Topic, ...] = (
    *safety.TOPICS,
    *society.TOPICS,
    *family_and_faith.TOPICS,
    *prosperity.TOPICS,
    *knowledge.TOPICS,
    *public_life.TOPICS,
)

OFFERED_PHRASES = tuple(topic.phrases[0] for topic in TOPICS)
"""What each topic is called when the persona offers to talk about it."""
