"""Scoring many probes at once, on branches beside the conversation.

What is wanted of a probe is read off the logits after one context (the labels) or after several: a whole text takes one
reading for each of its tokens, after the context and the tokens before it. All these contexts are paths of one tree.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat_personas.engines.exact_prompt import ExactProbe, LabelSpelling
from chat_personas.engines.llama.context import NOT_A_NUMBER, TOO_STRONG
from chat_personas.engines.llama.tree import Plan, Step, TokenPath
from chat_personas.engines.llama.worker import InterruptFlag, Job, Priority
from chat_personas.engines.shortening import Fitted, shortened
from eval.engine import LabelScore, Message, Probe, ProbeScore
from eval.interventions import Interventions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from chat_personas.engines.llama.runtime import Runtime


@dataclass(slots=True)
class _Asked:
    """A probe as it is read: after `context`, of which the labels' own tokens are `texts` (empty for letters)."""

    probe: Probe
    context: TokenPath
    texts: tuple[tuple[int, ...], ...] = ()
    found: dict[TokenPath, dict[int, float]] = field(default_factory=dict)
    """By path, the log-probability of each token that was wanted there."""
    decoded: int = 0

    def paths(self) -> Iterator[TokenPath]:
        """Yield each distinct context after which something is read."""
        yield from dict.fromkeys(
            [self.context, *(self.context + text[:length] for text in self.texts for length in range(len(text)))]
        )

    def wanted(self, path: TokenPath) -> list[int]:
        """Return the tokens that come next in a text after `path`."""
        own = path[len(self.context) :]
        return list({text[len(own)]: None for text in self.texts if text[: len(own)] == own and len(text) > len(own)})

    def means(self) -> tuple[LabelScore, ...]:
        """Return the mean log-probability per token of each text, once everything is found."""
        scores = []
        for label, text in zip(self.probe.labels, self.texts, strict=True):
            each = [self.found[self.context + text[:place]][token] for place, token in enumerate(text)]
            mean = sum(each) / len(each)
            scores.append(LabelScore(label, mean, mean))
        return tuple(scores)


class ScoreJob(Job[ProbeScore]):
    """Puts every probe to the model after the same prefix, as one tree of tokens.

    Interrupted, it keeps the scores it has and goes on with the other probes when it runs again.
    """

    priority = Priority.MEASUREMENT

    def __init__(self, prefix: Sequence[Message], probes: Sequence[Probe], interventions: Interventions = ()) -> None:
        super().__init__()
        self._interventions = interventions
        self._prefix = tuple(prefix)
        self._probes = tuple(probes)
        self._waiting: dict[TokenPath, list[_Asked]] | None = None
        """What is not read yet, by the tokens after which it is read; None before the first run."""
        self._failed: set[str] = set()
        self._dropped = 0

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Score the probes that are not scored yet; see `Job.run`."""
        runtime = runtime.under(self._interventions)
        if self._waiting is None:
            self._waiting = self._prepare(runtime, flag)
        self._fail_too_long(runtime)
        if not self._waiting:
            return
        # Before a conversation, as in an evaluation, there is little to reuse, and a run should repeat.
        alone = all(message.role == "system" for message in self._prefix)
        plan = runtime.memory.plan(list(self._waiting), alone=alone)
        for step in plan.steps():
            flag.check()
            runtime.memory.grow(step)
            try:
                self._read(runtime, plan, step)
            finally:
                runtime.memory.release(step)

    def _prepare(self, runtime: "Runtime", flag: InterruptFlag) -> dict[TokenPath, list[_Asked]]:
        """Return the probes that can be asked, by the contexts to read after; shorten the prefix if need be."""
        for probe in self._probes:
            if probe.key not in self._failed and (why := _why_not_answerable(runtime, probe)) is not None:
                self._fail(probe, why)
        usable = [probe for probe in self._probes if probe.key not in self._failed]
        asked, fitted = _in_fitting_context(runtime, flag, self._prefix, usable)
        self._dropped = fitted.dropped
        waiting: dict[TokenPath, list[_Asked]] = {}
        for each in asked:
            for path in each.paths():
                waiting.setdefault(path, []).append(each)
        return waiting

    def _fail_too_long(self, runtime: "Runtime") -> None:
        waiting = self._waiting or {}
        for path in sorted((path for path in waiting if not _fits(runtime, path)), key=len, reverse=True):
            problem = f"the question and the conversation before it have {len(path):,} tokens, too many for the context"
            for each in waiting.get(path, []):
                self._fail(each.probe, f"{problem}; {runtime.longer_context}")
        self._drop_failed()

    def _drop_failed(self) -> None:
        """Read nothing more of probes that have failed."""
        if self._waiting is not None:
            left = {
                path: [each for each in asked if each.probe.key not in self._failed]
                for path, asked in self._waiting.items()
            }
            self._waiting = {path: asked for path, asked in left.items() if asked}

    def _fail(self, probe: Probe, why: str) -> None:
        if probe.key not in self._failed:
            self._failed.add(probe.key)
            self.results.put(ProbeScore(probe.key, (), 0.0, failure=why))

    def _read(self, runtime: "Runtime", plan: Plan, step: Step) -> None:
        """Read off what is wanted after the contexts that ended in this step; put out the scores that are complete."""
        waiting = self._waiting or {}
        for index, row in zip(step.paths, step.ends, strict=True):
            path, decoded = plan.paths[index], plan.decoded(index)
            logits = runtime.context.logits(row)
            for asked in waiting.pop(path):
                if asked.probe.key in self._failed:
                    continue
                asked.decoded += decoded
                decoded = 0  # another probe with the same context cost nothing
                if asked.probe.texts:
                    self._read_tokens(runtime, asked, path, logits)
                else:
                    self._read_labels(runtime, asked, logits)

    def _read_labels(self, runtime: "Runtime", asked: _Asked, logits: "NDArray[np.float32]") -> None:
        labels, mass = runtime.labels.scores(asked.probe.labels, logits)
        if math.isnan(mass):
            self._fail(asked.probe, TOO_STRONG if self._interventions else NOT_A_NUMBER)
        else:
            self._put(asked, labels, mass, len(asked.context))

    def _read_tokens(self, runtime: "Runtime", asked: _Asked, path: TokenPath, logits: "NDArray[np.float32]") -> None:
        """Read the next token of each text that goes on here; put out the score if it was the last."""
        tokens = asked.wanted(path)
        asked.found[path] = dict(zip(tokens, runtime.labels.of_tokens(tokens, logits), strict=True))
        if any(map(math.isnan, asked.found[path].values())):
            self._fail(asked.probe, TOO_STRONG if self._interventions else NOT_A_NUMBER)
        elif len(asked.found) == (count := sum(1 for _ in asked.paths())):
            self._put(asked, asked.means(), None, len(asked.context) + count - 1)

    def _put(self, asked: _Asked, labels: tuple[LabelScore, ...], mass: float | None, tokens: int) -> None:
        """Put out a score; `tokens` are all that the probe's contexts have, each once."""
        self.results.put(
            ProbeScore(
                asked.probe.key,
                labels,
                mass,
                tokens_decoded=asked.decoded,
                tokens_reused=max(0, tokens - asked.decoded),
                dropped_messages=self._dropped,
            )
        )


class ProbesJob(Job[list[ExactProbe]]):
    """Puts out what a `ScoreJob` with the same arguments puts to the model. Nothing is decoded."""

    priority = Priority.REPLY

    def __init__(self, prefix: Sequence[Message], probes: Sequence[Probe], interventions: Interventions = ()) -> None:
        super().__init__()
        self._interventions = interventions
        self._prefix = tuple(prefix)
        self._probes = tuple(probes)

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Cut the prompts into tokens; see `Job.run`."""
        runtime = runtime.under(self._interventions)
        usable = [probe for probe in self._probes if _why_not_answerable(runtime, probe) is None]
        asked, fitted = _in_fitting_context(runtime, flag, self._prefix, usable)
        self.results.put([_shown(runtime, each, fitted) for each in asked])


def _shown(runtime: "Runtime", asked: _Asked, fitted: Fitted) -> ExactProbe:
    """Return a probe as it is shown to a person."""
    vocabulary, probe = runtime.vocabulary, asked.probe

    def spelled(tokens: Sequence[int]) -> tuple[tuple[int, str], ...]:
        return tuple((token, vocabulary.text_of([token])) for token in tokens)

    texts = asked.texts or tuple(runtime.labels.variants(label) for label in probe.labels)
    return ExactProbe(
        probe.key,
        probe.prompt if probe.texts else runtime.prompt_of(probe),
        fitted.messages[:-1],
        tokens=tuple(asked.context),
        pieces=tuple(vocabulary.piece(token, special=True) for token in asked.context),
        labels=tuple(LabelSpelling(label, spelled(tokens)) for label, tokens in zip(probe.labels, texts, strict=True)),
        left_out=fitted.dropped,
    )


def _in_fitting_context(
    runtime: "Runtime", flag: InterruptFlag, prefix: Sequence[Message], probes: Sequence[Probe]
) -> tuple[list[_Asked], Fitted]:
    """Return the probes with their tokens after as much of the prefix as fits, and that prefix with the longest one."""
    asked: list[_Asked] = []
    fitted = Fitted(tuple(prefix), 0)
    longest = Message("user", max((probe.prompt for probe in probes), key=len, default=""))
    for fitted in shortened([*prefix, longest], runtime.prompter.size, runtime.context_length) if probes else ():
        asked.clear()
        for each in _in_context(runtime, fitted.messages[:-1], probes):
            flag.check()
            asked.append(each)
        if all(_fits(runtime, path) for each in asked for path in each.paths()):
            break
    return asked, fitted


def _in_context(runtime: "Runtime", prefix: Sequence[Message], probes: Sequence[Probe]) -> Iterator[_Asked]:
    """Yield the probes with the tokens of their contexts, and with those of whole texts."""
    letters = [probe for probe in probes if not probe.texts]
    whole = [probe for probe in probes if probe.texts]
    contexts = runtime.prompter.probes(prefix, [runtime.prompt_of(probe) for probe in letters])
    for probe, context in zip(letters, contexts, strict=True):
        yield _Asked(probe, context)
    prompter = runtime.texts_prompter
    for probe, context in zip(whole, prompter.probes(prefix, [probe.prompt for probe in whole]), strict=True):
        yield _Asked(probe, context, tuple(prompter.reply_tokens(label) for label in probe.labels))


def _why_not_answerable(runtime: "Runtime", probe: Probe) -> str | None:
    """Return why the model cannot answer with the labels of a probe; None where it can."""
    try:
        for label in probe.labels:
            if probe.texts:
                _check_text(runtime, label)
            else:
                runtime.labels.variants(label)
    except ValueError as error:
        return str(error)
    return None


def _check_text(runtime: "Runtime", text: str) -> None:
    if not text.strip():
        raise ValueError("an answer without text cannot be scored")
    if not runtime.vocabulary.spells_whole(text):
        raise ValueError(f"the model has no tokens for the answer {text!r}")


def _fits(runtime: "Runtime", path: TokenPath) -> bool:
    return len(path) <= min(runtime.context_length, runtime.memory.room(path))
