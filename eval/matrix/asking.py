"""Putting the same questions to one model under the prompts of a matrix, each prompt once."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np

from eval.answers import REFUSALS_ONLY, Answer, Failure, FloatArray, Replies
from eval.engine import Engine, Message
from eval.expression.methods import Asking, Method
from eval.scoring.distributions import Opinion, opinion
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Finding, Verdict
from eval.scoring.validity import as_recorded, verdict_of
from eval.surveys.model import Question
from personas import LoadedPersona, Persona, Steering, prompt_alone, with_steering

PROMPT_STEERINGS: tuple[Steering, ...] = ("qa", "bio", "portray")
"""The three prompts of OpinionQA, over which steerability is taken."""
UNSTEERED = ""
"""The system prompt of the unsteered model: none."""


@dataclass(slots=True)
class PromptAnswers:
    """The model's answers under one prompt: opinions, reasons of failures and replies by question id, and the cost.

    `answered` has every opinion, also those of refusals only, which `opinions` lacks: the verdict counts them.
    """

    opinions: dict[str, Opinion] = field(default_factory=dict)
    answered: dict[str, Opinion] = field(default_factory=dict)
    orders_asked: bool = False
    doubtful: bool = False
    failures: dict[str, str] = field(default_factory=dict)
    replies: dict[str, Replies] = field(default_factory=dict)
    tokens_decoded: int = 0
    tokens_reused: int = 0
    recorded: Finding | None = None
    """What a file of answers says of the measurement that it was saved from."""

    def add(self, outcome: Answer | Failure) -> None:
        """Add an answer, refusals apart, or a failure. An answer with refusals only counts as a failure."""
        self.tokens_decoded += outcome.tokens_decoded
        self.tokens_reused += outcome.tokens_reused
        self.replies[outcome.question_id] = outcome.replies
        if isinstance(outcome, Failure):
            self.failures[outcome.question_id] = outcome.why
            return
        found = self.answered[outcome.question_id] = opinion(outcome, "apart")
        self.orders_asked |= len(outcome.by_order) > 1
        self.doubtful |= outcome.doubtful
        if found.distribution is None:
            self.failures[outcome.question_id] = REFUSALS_ONLY
        else:
            self.opinions[outcome.question_id] = found

    def options(self, questions: Sequence[Question], width: int) -> FloatArray:
        """Return the distributions over the options, shape (questions, width), NaN for questions that failed."""
        distributions = np.full((len(questions), width), np.nan)
        for place, question in enumerate(questions):
            found = self.opinions.get(question.id)
            if found is not None and found.distribution is not None:
                distributions[place] = 0.0
                distributions[place, : len(found.distribution)] = found.distribution
        return distributions

    def verdict(self, questions: Sequence[Question], bootstrap: Bootstrap) -> Verdict:
        """Judge the answers to all `questions` that were put, as a report on the same answers is judged."""
        found = verdict_of(
            {question.id: self.answered[question.id] for question in questions if question.id in self.answered},
            bootstrap,
            orders_asked=self.orders_asked,
            judge_unreliable=self.doubtful,
        )
        return as_recorded(found, self.recorded)


async def ask(
    engine: Engine,
    prompts: Sequence[str],
    questions: Sequence[Question],
    method: Method,
    asking: Asking,
    progress: Callable[[int, int], None] | None,
) -> dict[str, PromptAnswers]:
    """Put `questions` to the model by `method` under each prompt; return the answers by prompt.

    `progress(done, total)` is called after each answer.

    Raises:
        EngineError: the model or the server failed, or cannot be asked by this method.
    """
    by_prompt: dict[str, PromptAnswers] = {}
    for prompt in prompts:
        answers = by_prompt[prompt] = PromptAnswers()
        prefix = [Message("system", prompt)] if prompt else []
        async with aclosing(method.ask(engine, prefix, questions, asking)) as outcomes:
            async for outcome in outcomes:
                answers.add(outcome)
                if progress is not None:
                    done = sum(len(each.opinions) + len(each.failures) for each in by_prompt.values())
                    progress(done, len(prompts) * len(questions))
    return by_prompt


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
        names.setdefault(prompt_alone(loaded.persona), name)
        for steering, prompt in prompts_of(loaded.persona).items():
            names.setdefault(prompt, f"{name} by {steering}")
    return names


def prompts_of(persona: Persona) -> dict[str, str]:
    """Return the prompt of each steering to a persona's groups, by steering; nothing for a persona without groups.

    Raises:
        PersonaError: the persona cannot be steered by a prompt.
    """
    return {steering: prompt_alone(with_steering(persona, steering)) for steering in PROMPT_STEERINGS if persona.groups}
