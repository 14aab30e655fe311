"""How conversations are spoken of: who said what, how a reply ended, what a deletion takes. All faces say it so."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from chat_personas.text import pluralize, printable

if TYPE_CHECKING:
    from chat_personas.corpus import ConversationSummary, MessageRow, SearchHit

STATUS = {"stopped": "stopped", "interrupted": "interrupted", "streaming": "not ended", "error": "failed"}
"""How a message that is not complete ended, by its status in the corpus."""
_MARKS = {"stopped": "■", "streaming": "…"}
STATUS_NOTES = {status: f"{_MARKS.get(status, '✗')} {word}" for status, word in STATUS.items()}
"""The same with a mark, for the screen."""


def belongs_to(summary: "ConversationSummary") -> list[str]:
    """Say of which comparison and of which study a conversation in a list is; nothing of one that is of neither."""
    said = [f"one of {summary.compared} compared"] if summary.compared > 1 else []
    if summary.study is not None:
        said.append(printable(f"a test of the study {summary.study}" if summary.test else f"study {summary.study}"))
    return said


def how_it_ended(message: "MessageRow") -> list[str]:
    """Say of a message that is not complete how it ended, and of one without words that it has none."""
    ended = [STATUS[message.status]] if message.status in STATUS else []
    return ended if message.text.strip() else [*ended, NO_TEXT]


NO_TEXT = "no text"
QUOTED = "said in a debate, by a model"
"""What stands beside words of the other side of a debate."""
PARTICIPANT = "Participant"
"""Who said what a participant of a study did, where the owner of the corpus reads it."""


TRACES_LEFT = "; traces of the text are left on the disk ({why}); they are erased when the corpus is opened again"


def traces_left(why: str | None) -> str:
    """Say after a deletion why traces of the text are left, as `Corpus.delete` returns it; "" where none are."""
    return "" if why is None else TRACES_LEFT.format(why=why)


OF_A_PARTICIPANT = "A participant of a study said it: the study's table will lack it."


def deletion_question(title: str, conversations: int, *, of_participant: bool = False) -> str:
    """Ask whether a conversation is to be deleted, which takes so many with it, itself among them.

    That of a participant is missing in the study afterwards.
    """
    question = f"Delete {for_deletion(f'“{title}”', conversations)} with all its messages and measurements?"
    return f"{question} {OF_A_PARTICIPANT}" if of_participant else question


def deleted(why_left: str | None) -> str:
    """Say that a conversation is deleted, and why traces of it are left, as `Corpus.delete` returns it."""
    return printable(f"Deleted{traces_left(why_left)}.")


ALREADY_DELETED = "Another program has already deleted it."


def for_deletion(title: str, conversations: int) -> str:
    """Name what is deleted: a conversation by its title, or both sides of a debate."""
    return f"{printable(title)} (both sides of the debate)" if conversations > 1 else printable(title)


def speaker_of(message: "MessageRow", persona: str, of_participants: Collection[str] = ()) -> str:
    """Name who said something to the owner of the corpus: `persona`, the owner, or the other side of a debate.

    `of_participants` are the keys of what participants of studies said, which are not the owner's words.
    """
    if message.role == "assistant":
        return persona
    if message.id in of_participants:
        return PARTICIPANT
    return "You" if message.quotes is None else f"{printable(message.speaker or 'The other side')} ({QUOTED})"


def speaker_of_hit(hit: "SearchHit") -> str:
    """Name who said something that a search found, as in a list: the persona by its name, a participant, or you."""
    if hit.role == "assistant":
        return printable(hit.persona_name)
    return f"a {PARTICIPANT.casefold()}" if hit.of_participant else "you"


RECALLED = "\n(What was said so far was a thought. The reply follows.)\n"
"""Where words that were printed turn out to have been a thought: they cannot be taken back."""


def thought_in_short(text: str, seconds: float | None) -> str:
    """Say that the model thought before a reply, for how long if that is known, and how much."""
    words = pluralize(len(text.split()), "word")
    return f"thought for {seconds:.0f} s, {words}" if seconds is not None else f"thought, {words}"
