"""Putting the same questions to one model under many prompts, each prompt once."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np

from eval.answers import REFUSALS_ONLY, Answer, Failure, FloatArray, Replies
from eval.engine import Engine, Message
from eval.expression.methods import Asking, Method
from eval.scoring.opinions import Opinion, opinion
from eval.surveys.model import Question
from personas import LoadedPersona, Persona, Steering, system_prompt, with_steering

PROMPT_STEERINGS: tuple[Steering, ...] = ("qa", "bio", "portray")
"""The three prompts of OpinionQA, over which steerability is taken."""
UNSTEERED = ""
"""The system prompt of the model itself: none."""


@dataclass(slots=True)
class PromptAnswers:
    """What a model said under one prompt: opinions by question, why others failed, and what it cost.

    `replies` are those in words, by question.
    """

    opinions: dict[str, Opinion] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    replies: dict[str, Replies] = field(default_factory=dict)
    tokens_decoded: int = 0
    tokens_reused: int = 0

    def add(self, outcome: Answer | Failure) -> None:
        """Take in an answer, refusals apart, or a failure; refusals only are nothing that could be compared."""
        self.tokens_decoded += outcome.tokens_decoded
        self.tokens_reused += outcome.tokens_reused
        self.replies[outcome.question_id] = outcome.replies
        if isinstance(outcome, Failure):
            self.failures[outcome.question_id] = outcome.why
            return
        said = opinion(outcome, "apart")
        if said.distribution is None:
            self.failures[outcome.question_id] = REFUSALS_ONLY
        else:
            self.opinions[outcome.question_id] = said

    def options(self, questions: Sequence[Question], width: int) -> FloatArray:
        """Return the distributions over the options, shape (questions, width), NaN for questions that failed."""
        found = np.full((len(questions), width), np.nan)
        for place, question in enumerate(questions):
            said = self.opinions.get(question.id)
            if said is not None and said.distribution is not None:
                found[place] = 0.0
                found[place, : len(said.distribution)] = said.distribution
        return found


def prompts_of(persona: Persona) -> dict[str, str]:
    """Return the prompt of each steering to a persona's groups; none without groups.

    Raises:
        PersonaError: the persona cannot be steered so.
    """
    return {
        steering: system_prompt(with_steering(persona, steering)) for steering in PROMPT_STEERINGS if persona.groups
    }


def all_prompts(personas: Sequence[LoadedPersona]) -> tuple[str, ...]:
    """Return the prompts that a matrix of `personas` needs, each once: none, each persona's own, and its steerings'.

    Raises:
        PersonaError: a persona is not steered by a prompt.
    """
    return tuple(named_prompts(personas))


def named_prompts(personas: Sequence[LoadedPersona]) -> dict[str, str]:
    """Return the names of the prompts of `all_prompts`, by prompt: `unsteered`, a persona's, or `democrat by qa`.

    Raises:
        PersonaError: a persona is not steered by a prompt.
    """
    names = {UNSTEERED: "unsteered"}
    for loaded in personas:
        name = loaded.persona.name
        names.setdefault(system_prompt(loaded.persona), name)
        for steering, prompt in prompts_of(loaded.persona).items():
            names.setdefault(prompt, f"{name} by {steering}")
    return names


async def ask(
    engine: Engine,
    prompts: Sequence[str],
    questions: Sequence[Question],
    method: Method,
    asking: Asking,
    progress: Callable[[int, int], None] | None,
) -> dict[str, PromptAnswers]:
    """Put `questions` to the model by `method` under each prompt; `progress(done, total)` is called after each answer.

    Raises:
        EngineError: the model or the server failed, or cannot be asked so.
    """
    found: dict[str, PromptAnswers] = {}
    for prompt in prompts:
        said = found[prompt] = PromptAnswers()
        prefix = [Message("system", prompt)] if prompt else []
        async with aclosing(method.ask(engine, prefix, questions, asking)) as outcomes:
            async for outcome in outcomes:
                said.add(outcome)
                if progress is not None:
                    done = sum(len(each.opinions) + len(each.failures) for each in found.values())
                    progress(done, len(prompts) * len(questions))
    return found
