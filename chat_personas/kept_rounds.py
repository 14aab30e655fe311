"""Rounds of probes on their way into the corpus; the one before the first message waits until something was said."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from chat_personas.earlier_rounds import EarlierRound, EarlierRounds

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.corpus.rows import MeasurementRow, ProbeRow


class _Ended(NamedTuple):
    row: "MeasurementRow"
    probes: Sequence["ProbeRow"]
    found: EarlierRound


class KeptRounds:
    """Keeps rounds that are over. A conversation in which nobody says anything leaves nothing, its rounds neither."""

    def __init__(self, corpus: "Corpus", earlier: EarlierRounds) -> None:
        """Keep rounds in `corpus`, and let `earlier` know which it holds."""
        self._corpus = corpus
        self._earlier = earlier
        self._waiting: list[_Ended] = []
        self._lock = threading.Lock()

    def keep(self, row: "MeasurementRow", probes: Sequence["ProbeRow"], found: EarlierRound) -> None:
        """Keep a round now or, if it followed no message, as soon as its conversation is in the corpus.

        Raises:
            CorpusError: it could not be written.
        """
        ended = _Ended(row, probes, found)
        if row.message_id is not None:
            self._write(ended)
            return
        self._earlier.remember(None, found)
        with self._lock:
            self._waiting.append(ended)
        self.keep_waiting()

    def keep_waiting(self) -> None:
        """Keep the rounds whose conversation has begun meanwhile. Raises CorpusError; then it may be tried again."""
        from chat_personas.corpus.errors import UnknownConversationError

        with self._lock:
            while self._waiting:
                try:
                    self._corpus.conversation(self._waiting[0].row.conversation_id)
                except UnknownConversationError:
                    return
                self._write(self._waiting[0])
                del self._waiting[0]

    def _write(self, ended: _Ended) -> None:
        self._corpus.add_measurement(ended.row, ended.probes)
        self._earlier.remember(ended.row.id, ended.found)
