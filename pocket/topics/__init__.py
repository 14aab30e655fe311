"""The civic topics that the pocket model can talk about, and what is said about each."""

from pocket.topics import family_and_faith, knowledge, prosperity, public_life, safety, society
from pocket.topics.topic import SIDES, Pole, Side, Topic

__all__ = ["SIDES", "TOPICS", "Pole", "Side", "Topic"]

TOPICS: tuple[Topic, ...] = (
    *safety.TOPICS,
    *society.TOPICS,
    *family_and_faith.TOPICS,
    *prosperity.TOPICS,
    *knowledge.TOPICS,
    *public_life.TOPICS,
)
