"""A rehearsal: the model plays participants through a whole study, so that it is tried before anybody takes part.

Everything is stored as of real participants, and marked as a test. What simulated participants answer and guess says
nothing about people.
"""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import numpy as np

from chat_personas.corpus import Corpus
from chat_personas.studies.participation import GUESSES_AFTER, Participation
from chat_personas.studies.sitting import Sitting, measured_answers
from chat_personas.studies.steps import AskedItem, Debriefing, Ended, Guessing, Questionnaire, Step, Talk
from chat_personas.studies.study import LoadedStudy, people_asked_of
from eval.answers import FloatArray
from eval.engine import Engine, Message, Sampling
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Question

DECLINES = 0.05
"""How often a simulated participant prefers not to say."""
TOWARDS_PEOPLE, TOWARDS_PERSONA = 0.1, 0.3
"""Which part of the way to the people and to the persona the second guesses go."""
_CONCENTRATION = 60.0
"""How little guesses scatter: the concentration of the Dirichlet distribution that they are drawn from."""
_MOST_TOKENS = 60
_OPENING = "What do you think about {topic}?"
_TOPICS = ("guns", "immigration", "taxes", "health care", "schools")


class Rehearsal:
    """Plays participants one after the other, always the same ones for the same seed."""

    def __init__(
        self, corpus: Corpus, engine: Engine, study: LoadedStudy, *, seed: int = 0, leave: float = 0.1
    ) -> None:
        """Prepare; `leave` is the share of participants who leave before the end."""
        self._corpus = corpus
        self._engine = engine
        self._study = study
        self._seed = seed
        self._leave = leave

    async def play(self, participants: int) -> AsyncGenerator[Ended, None]:
        """Play so many participants and yield how each ended.

        Raises:
            EngineError: the model failed.
            CorpusError: the corpus cannot be written.
        """
        for number in range(participants):
            yield await _Player(self._corpus, self._engine, self._study, f"{self._seed} {number}", self._leave).play()


class _Player:
    """One simulated participant."""

    def __init__(self, corpus: Corpus, engine: Engine, study: LoadedStudy, seed: str, leave: float) -> None:
        self._corpus = corpus
        self._engine = engine
        self._study = study
        self._rng = random.Random(seed)
        self._draw = np.random.default_rng(self._rng.getrandbits(63))
        self._leaves = self._rng.random() < leave
        self._way = Participation.begin(corpus, study, adult=True, traces=False, test=True)
        self._sitting = Sitting(corpus, engine, self._way)
        self._guesses: dict[str, FloatArray] = {}

    async def play(self) -> Ended:
        stages = self._way.stages
        leaves_in = self._rng.choice(stages) if self._leaves else None
        while not isinstance(step := self._way.next_step(), Ended):
            if self._way.stage == leaves_in:
                return self._way.leave("left in a rehearsal")
            await self._do(step)
        return step

    async def _do(self, step: Step) -> None:
        if isinstance(step, Questionnaire):
            for sheet in step.sheets:
                for asked in sheet.items:
                    while self._way.answer(asked, self._answer(asked), self._rng.uniform(1, 12)):
                        pass  # a wrong answer that may be tried again
            self._way.finish(step.stage)
        elif isinstance(step, Guessing):
            for question in step.missing:
                self._way.guess(step, question, self._guess(step, question), self._rng.uniform(5, 40))
            self._way.finish(step.stage)
        elif isinstance(step, Talk):
            await self._talk(step)
            self._way.finish("conversation")
            async with aclosing(self._sitting.measure()) as estimates:
                async for _ in estimates:
                    pass
        elif isinstance(step, Debriefing):
            self._way.finish("debriefing")

    def _answer(self, asked: AskedItem) -> str | None:
        item = asked.item
        if item.may_decline and self._rng.random() < DECLINES:
            return None
        if item.correct is not None and self._rng.random() > DECLINES:
            return item.correct
        if item.kind == "choice":
            return self._rng.choice(asked.choices).code
        if item.kind == "text":
            return "I did not expect that."
        low, high = item.low if item.low is not None else 0, item.high if item.high is not None else 100
        return str(self._rng.randint(round(low), round(high)))

    def _guess(self, step: Guessing, question: Question) -> Sequence[float]:
        """Return percentages: at first even with noise, then part of the way to the people and to the persona."""
        people = human_figures(question, people_asked_of(self._study, self._way.row.condition or ""))
        assert people is not None, "the study was checked when it was loaded"
        even = np.full(len(question.options), 1 / len(question.options))
        believed = self._guesses.setdefault(question.id, even)
        if step.stage == GUESSES_AFTER:
            talk = self._corpus.studies.conversation_of(self._way.id)
            persona = measured_answers(self._corpus, self._study, talk).get(question.id, believed)
            believed = (
                believed + TOWARDS_PEOPLE * (people.distribution - believed) + TOWARDS_PERSONA * (persona - believed)
            )
        guess = self._draw.dirichlet(_CONCENTRATION * np.maximum(believed, 0.01))
        return [float(each) for each in 100 * guess]

    async def _talk(self, step: Talk) -> None:
        talk = self._study.study.conversation
        conversation = self._sitting.open_talk(step)
        turns = self._rng.randint(talk.least_turns, min(talk.most_turns, talk.least_turns + 2))
        topic = self._rng.choice(talk.topics or _TOPICS)
        text = _OPENING.format(topic=topic)
        while self._sitting.turns < turns:
            async with aclosing(conversation.send(text)) as events:
                async for _ in events:
                    pass
            text = await self._said(conversation.context())

    async def _said(self, context: Sequence[Message]) -> str:
        """Return what the model says where the roles are exchanged: it speaks for the participant."""
        turned: list[Message] = []
        for message in context:
            if message.role != "system":
                turned.append(Message("assistant" if message.role == "user" else "user", message.content))
        (text,) = await self._engine.complete(turned[1:], Sampling(max_tokens=_MOST_TOKENS), 1)
        return text.strip() or "Why?"
