"""The branch of a conversation that is on the screen, and going from one version of a message or a reply to another."""

from dataclasses import dataclass, field

from chat_personas.corpus import ConversationRow, Corpus, MessageRow, ReplyModel, ReplyPersona, Thought
from chat_personas.corpus.conversations import Leaves
from chat_personas.corpus.errors import ConversationGoneError


@dataclass(slots=True)
class ActiveBranch:
    """The part of a conversation that is on the screen, as the corpus has it.

    `stored` is false for a conversation without a message: the first one adds it to the corpus, or names it where a
    measurement has added it. `named` says that the person has named it here: then the first message does not.
    `messages` run from the first one to the active leaf; a reply is among them once it has ended. `thoughts` are what
    the model thought before replies, `models` which model made them, and `personas` under which persona, by their ids:
    at least for those among the messages, but for the personas of older versions. `persona` is that of the next reply.
    `places` has number and total of the versions of messages that have several. `of_participants` are the keys of what
    participants of studies said. `left_behind_at` is the message up to which another program has gone on, once the
    person was told so: what is said now is said all the same.
    """

    row: ConversationRow
    stored: bool
    messages: tuple[MessageRow, ...]
    persona: ReplyPersona
    named: bool = False
    thoughts: dict[str, Thought] = field(default_factory=dict)
    models: dict[str, ReplyModel] = field(default_factory=dict)
    personas: dict[str, ReplyPersona] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    of_participants: frozenset[str] = frozenset()
    left_behind_at: str | None = None

    @property
    def known_leaves(self) -> Leaves:
        """Where the conversation may end in the corpus without another program having gone on unnoticed."""
        own = self.messages[-1].id if self.messages else None
        return frozenset({own} if self.left_behind_at is None else {own, self.left_behind_at})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version stands among all: `number` of `total`, from 1, oldest first."""

    number: int
    total: int

    def __str__(self) -> str:
        """Write it as `2/3`."""
        return f"{self.number}/{self.total}"


@dataclass(frozen=True, slots=True)
class Version:
    """The version that a conversation went to: of a message of the person, of the reply at its end, or of both.

    None where that stayed as it was, or is the only one.
    """

    message: Place | None = None
    reply: Place | None = None


class Branches:
    """Makes another branch of a conversation the `active` one, in the corpus and in memory.

    The methods wait for the disk: call them in a thread.
    """

    def __init__(self, corpus: Corpus, active: ActiveBranch) -> None:
        self._corpus = corpus
        self._active = active

    def read_about(self, leaf_id: str) -> None:
        """Read what is known of the messages of the branch that ends with this one: thoughts, makers, versions.

        And which of them participants of studies said.
        """
        self._active.thoughts, self._active.places = self._corpus.thoughts(leaf_id), self._corpus.places(leaf_id)
        self._active.models, self._active.personas = self._corpus.models(leaf_id), self._corpus.personas(leaf_id)
        self._active.of_participants = self._corpus.participants_words(leaf_id)

    def read_again(self) -> None:
        """Read the messages of the branch again, as far as another program that writes one of them has come.

        Raises ConversationGoneError and CorpusError.
        """
        leaf_id = self._active.messages[-1].id
        branch = self._corpus.branch(leaf_id)
        if any(message.status == "streaming" for message in branch) and self._corpus.mark_interrupted():
            branch = self._corpus.branch(leaf_id)
        if not branch:
            raise ConversationGoneError("the conversation was deleted by another program")
        self._active.messages = branch
        self.read_about(leaf_id)

    def go_to(self, message_id: str) -> None:
        """Go to the branch through a message, down to its newest leaf.

        Raises:
            CorpusError: there is no such message, or the corpus cannot be written.
        """
        leaf = self._corpus.activate(self._active.row.id, message_id)
        self._active.messages, self._active.left_behind_at = self._corpus.branch(leaf), None
        self.read_about(leaf)

    def next_version(self) -> Version | None:
        """Go to the next reply to the last message; after the last reply to the first one of the next message.

        Returns which version it is; None where there is only one. Raises CorpusError.
        """
        path = self._active.messages
        if not path:
            return None
        last = path[-1]
        replies = self._replies_beside(last)
        if last.id in replies[:-1]:
            return Version(reply=self._go(replies, replies.index(last.id) + 1))
        said = next((row for row in reversed(path[-2:]) if row.role == "user"), None)
        messages = [] if said is None else self._beside(said)
        if said is None or len(messages) < 2:
            return Version(reply=self._go(replies, 0)) if len(replies) > 1 else None
        message = self._go(messages, (messages.index(said.id) + 1) % len(messages))
        others = self._replies_beside(self._active.messages[-1])
        return Version(message, self._go(others, 0) if len(others) > 1 else None)

    def go_beside(self, message: MessageRow, by: int) -> Place | None:
        """Go to the version `by` places after a message of the branch, down to its newest leaf.

        Returns which version it is; None where there is none: then nothing has changed. Raises CorpusError.
        """
        versions = self._beside(message)
        index = versions.index(message.id) + by
        return self._go(versions, index) if 0 <= index < len(versions) else None

    def _replies_beside(self, last: MessageRow) -> list[str]:
        """Return the replies beside the last message, by id; none where that is the person's."""
        return self._beside(last) if last.role == "assistant" else []

    def _beside(self, message: MessageRow) -> list[str]:
        return [row.id for row in self._corpus.siblings(message.id)]

    def _go(self, versions: list[str], index: int) -> Place:
        self.go_to(versions[index])
        return Place(index + 1, len(versions))
