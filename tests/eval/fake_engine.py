"""An engine whose answers are given by the test: it reads a probe as a model would, letters and all."""

import hashlib
import math
from collections.abc import AsyncGenerator, Mapping, Sequence

from eval.engine import EngineInfo, LabelScore, Message, Piece, Probe, ProbeScore, Sampling
from eval.surveys.model import Survey

Masses = Mapping[str, float]


def by_content(survey: Survey) -> dict[str, dict[str, float]]:
    """Return masses for a model that answers by what options say, whatever their letters: the last one most."""
    return {
        question.id: {text: 2.0 + place for place, text in enumerate(question.option_texts)}
        for question in survey.questions
    }


class FakeEngine:
    """Gives every option the mass that the test wrote down for its text.

    `masses` maps a question id, or a probe key such as "BUS/reversed", to masses by option text; texts left out get
    none, and questions left out spread 0.9 evenly. `failures` maps probe keys to reasons, `silent` are probe
    keys that are never answered, `hidden` is mass that might belong to any label (a server's cut-off), `dropped` how
    many messages it claims to have left out.
    """

    def __init__(
        self,
        masses: Mapping[str, Masses] | None = None,
        *,
        failures: Mapping[str, str] | None = None,
        silent: frozenset[str] = frozenset(),
        hidden: float = 0.0,
        dropped: int = 0,
        info: EngineInfo | None = None,
    ) -> None:
        self.info = info or EngineInfo("fake", "llama", _sha256(masses, hidden, dropped), log_probabilities="exact")
        self.prefixes: list[tuple[Message, ...]] = []
        self.asked: list[str] = []
        self.closed_early = False
        self._masses = masses or {}
        self._failures = failures or {}
        self._silent = silent
        self._hidden = hidden
        self._dropped = dropped

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """Answer the probes from the last to the first, as an engine may."""
        self.prefixes.append(tuple(prefix))
        finished = False
        try:
            for probe in reversed(probes):
                self.asked.append(probe.prompt)
                if probe.key not in self._silent:
                    yield self._score(probe)
            finished = True
        finally:
            self.closed_early = not finished

    def _score(self, probe: Probe) -> ProbeScore:
        if probe.key in self._failures:
            return ProbeScore(probe.key, (), 0.0, failure=self._failures[probe.key], tokens_decoded=1)
        if probe.texts:
            return self._score_texts(probe)
        texts = dict(line.split(". ", 1) for line in probe.prompt.splitlines() if line[1:3] == ". ")
        even = {text: 0.9 / len(texts) for text in texts.values()}
        masses = self._masses.get(probe.key, self._masses.get(probe.key.rpartition("/")[0], even))
        labels = tuple(self._label(label, masses.get(texts[label], 0.0)) for label in probe.labels)
        total = sum(masses.get(text, 0.0) for text in texts.values())
        return ProbeScore(probe.key, labels, total, tokens_decoded=10, tokens_reused=30, dropped_messages=self._dropped)

    def _score_texts(self, probe: Probe) -> ProbeScore:
        """Give each text such a mean log-probability that its share is its mass; next to nothing without one."""
        masses = self._masses.get(probe.key.rpartition("/")[0], dict.fromkeys(probe.labels, 1.0))
        means = {text: math.log(masses.get(text) or 1e-300) for text in probe.labels}
        labels = tuple(LabelScore(text, mean, mean) for text, mean in means.items())
        return ProbeScore(probe.key, labels, None, tokens_decoded=10, tokens_reused=30, dropped_messages=self._dropped)

    def _label(self, label: str, mass: float) -> LabelScore:
        return LabelScore(label, _log(mass), _log(mass + self._hidden))

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """Reply with one word."""
        yield Piece("Yes.", finish_reason="stop")

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """Reply with one word, n times."""
        return ["Yes."] * n

    async def close(self) -> None:
        """Do nothing: there is nothing to free."""


def _sha256(*answers: object) -> str:
    """Return what tells models apart that answer differently, as their files' hashes do."""
    return hashlib.sha256(repr(answers).encode()).hexdigest()


def _log(mass: float) -> float:
    return -math.inf if mass == 0 else math.log(mass)
