"""Answer labels: the tokens that a label can begin with, and their probability."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.vocabulary import Vocabulary
from eval.engine import LabelScore

_SURROUNDINGS = ("", " ", "\n")


class UnknownLabelError(ValueError):
    """No single token of the model spells the label. The message is one line."""


class Labels:
    """Looks labels up in a vocabulary, and their probability in a row of logits."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._found: dict[str, tuple[int, ...]] = {}
        self._scratch = np.empty(vocabulary.size, dtype=np.float32)

    def variants(self, label: str) -> tuple[int, ...]:
        """Return the distinct tokens that spell `label`, bare or after white space ("A", " A").

        Raises UnknownLabelError if there are none: then the first token does not tell the labels apart.
        """
        if label not in self._found:
            ends = {self._last_token(space + label) for space in _SURROUNDINGS}
            found = sorted(token for token in ends if self._spells(token, label))
            if not found:
                raise UnknownLabelError(f"the model has no single token for the label {label!r}")
            self._found[label] = tuple(found)
        return self._found[label]

    def scores(self, labels: Sequence[str], logits: NDArray[np.float32]) -> tuple[tuple[LabelScore, ...], float]:
        """Return the log-probability of each label, exact, and the mass of all together (0 to 1).

        Log-softmax over the whole vocabulary, the variants of a label summed: log Σ exp(l_v − m) − log Σ exp(l_t −
        m), m the largest logit. The vocabulary's exponentials go to a buffer that is used again; sums are in double
        precision.
        """
        largest = float(logits.max())
        np.exp(np.subtract(logits, np.float32(largest), out=self._scratch), out=self._scratch)
        total = np.log(self._scratch.sum(dtype=np.float64))
        scores = []
        for label in labels:
            raw = logits[list(self.variants(label))].astype(np.float64) - largest
            logprob = float(np.logaddexp.reduce(raw) - total)
            scores.append(LabelScore(label, logprob, logprob))
        mass = sum(float(np.exp(score.lower)) for score in scores)
        return tuple(scores), min(mass, 1.0)

    def _last_token(self, text: str) -> int:
        return self._vocabulary.tokenise(text, special=False)[-1]

    def _spells(self, token: int, label: str) -> bool:
        return self._vocabulary.piece(token).decode("utf-8", "replace").strip() == label
