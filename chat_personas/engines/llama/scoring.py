"""Scoring many probes at once, on branches beside the conversation."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat_personas.engines.llama.tree import Limits, Plan, Step, TokenPath, common_length
from chat_personas.engines.llama.worker import InterruptFlag, Job, Priority
from chat_personas.engines.shortening import shortened
from eval.engine import Message, Probe, ProbeScore

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime


class ScoreJob(Job[ProbeScore]):
    """Puts every probe to the model after the same prefix, as one tree of tokens.

    Interrupted, it keeps the scores it has and goes on with the other probes when it runs again.
    """

    priority = Priority.MEASUREMENT

    def __init__(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> None:
        super().__init__()
        self._prefix = tuple(prefix)
        self._probes = tuple(probes)
        self._waiting: dict[TokenPath, list[Probe]] | None = None
        """The probes that are not scored yet, by the tokens of their contexts; None before the first run."""
        self._failed: set[str] = set()
        self._dropped = 0

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Score the probes that are not scored yet; see `Job.run`."""
        if self._waiting is None:
            self._waiting = self._prepare(runtime, flag)
        self._fail_too_long(runtime)
        if not self._waiting:
            return
        plan = self._plan(runtime)
        for step in plan.steps():
            flag.check()
            runtime.memory.grow(step)
            try:
                self._read(runtime, plan, step)
            finally:
                runtime.memory.release(step)

    def _prepare(self, runtime: "Runtime", flag: InterruptFlag) -> dict[TokenPath, list[Probe]]:
        """Return the probes that can be asked, by the tokens of their contexts; shorten the prefix if need be."""
        for probe in self._probes:
            if probe.key not in self._failed:
                self._check_labels(runtime, probe)
        usable = [probe for probe in self._probes if probe.key not in self._failed]
        if not usable:
            return {}
        prompts = [probe.prompt for probe in usable]
        longest = Message("user", max(prompts, key=len))
        paths: list[TokenPath] = []
        for fitted in shortened([*self._prefix, longest], runtime.prompter.size, runtime.context_length):
            paths.clear()
            for path in runtime.prompter.probes(fitted.messages[:-1], prompts):
                flag.check()
                paths.append(path)
            self._dropped = fitted.dropped
            if all(_fits(runtime, path) for path in paths):
                break
        waiting: dict[TokenPath, list[Probe]] = {}
        for path, probe in zip(paths, usable, strict=True):
            waiting.setdefault(path, []).append(probe)
        return waiting

    def _check_labels(self, runtime: "Runtime", probe: Probe) -> None:
        """Fail the probe if the model cannot answer with its labels."""
        try:
            for label in probe.labels:
                runtime.labels.variants(label)
        except ValueError as error:
            self._fail(probe, str(error))

    def _fail_too_long(self, runtime: "Runtime") -> None:
        waiting = self._waiting or {}
        for path in [path for path in waiting if not _fits(runtime, path)]:
            problem = f"the question and the conversation before it have {len(path)} tokens, too many for the context"
            for probe in waiting.pop(path):
                self._fail(probe, f"{problem}; {runtime.longer_context}")

    def _fail(self, probe: Probe, why: str) -> None:
        self._failed.add(probe.key)
        self.results.put(ProbeScore(probe.key, (), 0.0, failure=why))

    def _plan(self, runtime: "Runtime") -> Plan:
        """Aim the spine (see `SequenceMemory`) at the probes' common prefix, and plan how to decode the rest."""
        paths = list(self._waiting or ())
        common = min(common_length(paths[0], path) for path in paths)
        shortest = min(map(len, paths))
        held = runtime.memory.aim_spine(paths[0][: min(common, shortest - 1)])
        limits = Limits(runtime.context.size.batch, runtime.memory.branches, runtime.memory.free)
        return Plan(paths, held, limits)

    def _read(self, runtime: "Runtime", plan: Plan, step: Step) -> None:
        """Put out the scores of the probes whose contexts ended in this step."""
        waiting = self._waiting or {}
        for index, row in zip(step.paths, step.ends, strict=True):
            path, decoded = plan.paths[index], plan.decoded(index)
            logits = runtime.context.logits(row)
            for probe in waiting.pop(path):
                labels, mass = runtime.labels.scores(probe.labels, logits)
                if math.isnan(mass):
                    self._fail(probe, "the model's output is not a number; the file may be damaged")
                    continue
                self.results.put(
                    ProbeScore(
                        probe.key,
                        labels,
                        mass,
                        tokens_decoded=decoded,
                        tokens_reused=len(path) - decoded,
                        dropped_messages=self._dropped,
                    )
                )
                decoded = 0  # another probe with the same context cost nothing


def _fits(runtime: "Runtime", path: TokenPath) -> bool:
    return len(path) <= min(runtime.context_length, runtime.memory.room(path))
