"""Writing a reply to the corpus while it is generated, from a thread of its own."""

import threading

from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import CorpusError
from chat_personas.corpus.rows import Status, Thought
from eval.engine import Usage

FLUSH_SECONDS = 0.8
"""A killed process loses at most what was said in this time and during one commit, together about a second."""


class ReplyWriter:
    """Stores a growing reply, and the thought before it, about once a second, so that no event loop waits for the disk.

    If a flush fails (a full disk), the next one stores the text, too. It stays in memory until `close` has stored it.
    """

    def __init__(self, corpus: Corpus, message_id: str, *, interval: float = FLUSH_SECONDS) -> None:
        self.message_id = message_id
        self._corpus = corpus
        self._interval = interval
        self._pieces: list[str] = []
        self._thoughts: list[str] = []
        self.failure: CorpusError | None = None  # why the latest attempt to store the text failed, if it did
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reply-writer", daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """The reply as far as it has come."""
        return "".join(self._pieces)

    @property
    def thought(self) -> str:
        """What the model has thought so far."""
        return "".join(self._thoughts)

    def add(self, text: str) -> None:
        """Append a piece. It is on the disk within about a second."""
        self._pieces.append(text)

    def add_thought(self, text: str) -> None:
        """Append a piece of what the model thinks. It is on the disk within about a second."""
        self._thoughts.append(text)

    def recall(self) -> None:
        """Take the text so far for a thought, after those before it."""
        self._thoughts = [*self._thoughts, *self._pieces]  # first, so that it is always in one of them
        self._pieces = []

    def abandon(self) -> None:
        """Stop writing without closing the reply, as for one that is withdrawn."""
        self._closing.set()
        self._thread.join()

    def close(
        self,
        status: Status,
        *,
        why: str | None = None,
        finish_reason: str | None = None,
        dropped_messages: int = 0,
        usage: Usage | None = None,
        thought_seconds: float | None = None,
    ) -> None:
        """Store the whole reply and how it ended. Waits for the disk; may be called again after it failed.

        Raises:
            CorpusError: it could not be stored.
        """
        self.abandon()
        try:
            self._corpus.end_reply(
                self.message_id,
                self.text,
                status,
                why=why,
                finish_reason=finish_reason,
                dropped_messages=dropped_messages,
                usage=usage,
                thought=Thought(text=self.thought, seconds=thought_seconds),
            )
        except CorpusError as error:
            self.failure = error
            raise
        self.failure = None

    def _run(self) -> None:
        flushed = 0, 0
        while not self._closing.wait(self._interval):
            counts = said, thought = len(self._pieces), len(self._thoughts)
            if counts == flushed:
                continue
            try:
                self._corpus.flush_reply(
                    self.message_id, "".join(self._pieces[:said]), Thought(text="".join(self._thoughts[:thought]))
                )
            except CorpusError as error:
                self.failure = error
                continue  # if this lasts, `close` raises it; until then the text is safe in memory
            self.failure, flushed = None, counts
