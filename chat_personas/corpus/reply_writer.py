"""A reply on its way to the disk while it is generated."""

import threading

from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import CorpusError
from chat_personas.corpus.rows import Status
from eval.engine import Usage

FLUSH_SECONDS = 0.8
"""Most that a killed process loses of a reply; the commit itself takes the rest of a second on a slow disk."""


class ReplyWriter:
    """Keeps a growing reply in the corpus, from a thread of its own that no event loop waits for.

    A flush that fails (a full disk) is tried again at the next; the text stays here until `close` has kept it.
    """

    def __init__(self, corpus: Corpus, message_id: str, *, interval: float = FLUSH_SECONDS) -> None:
        self.message_id = message_id
        self._corpus = corpus
        self._interval = interval
        self._pieces: list[str] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reply-writer", daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """The reply as far as it has come."""
        return "".join(self._pieces)

    def add(self, text: str) -> None:
        """Append a piece; it is on the disk within about a second."""
        self._pieces.append(text)

    def abandon(self) -> None:
        """Write nothing more; for a reply that is taken back."""
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
    ) -> None:
        """Keep the whole reply and how it ended. Waits for the disk; may be called again after it failed.

        Raises:
            CorpusError: it could not be kept.
        """
        self.abandon()
        self._corpus.end_reply(
            self.message_id,
            self.text,
            status,
            why=why,
            finish_reason=finish_reason,
            dropped_messages=dropped_messages,
            usage=usage,
        )

    def _run(self) -> None:
        flushed = 0
        while not self._closing.wait(self._interval):
            count = len(self._pieces)
            if count == flushed:
                continue
            try:
                self._corpus.flush_reply(self.message_id, "".join(self._pieces[:count]))
            except CorpusError:
                continue  # `close` raises it if it lasts; until then the text is safe in memory
            flushed = count
