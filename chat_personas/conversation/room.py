"""Asking the room: one question to the unsteered model and to several personas, each in figures and in words.

The figures are the model's distributions over the options, asked as an evaluation asks them. The words are replies to
the question in conversations of their own, which the corpus keeps. One question alone has no verdict: it cannot show
whether a model answers or only likes certain letters. So every answer has how far its option orders agree.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from chat_personas import __version__
from chat_personas.conversation.conversation import Conversation
from chat_personas.conversation.sampling import sampling_of
from chat_personas.corpus import Corpus, MessageRow
from chat_personas.corpus.conversations import beginning_of
from chat_personas.corpus.errors import UnknownConversationError
from chat_personas.corpus.messages import is_blank_reply
from chat_personas.steering.applied import steered_for
from eval.answers import REFUSALS_ONLY, Answer, Failure
from eval.engine import Engine, EngineError, Message, Sampling, TooLongError
from eval.evaluation import steered_as
from eval.expression.asking import seed_for
from eval.expression.methods import METHODS, Asking, Expression, cannot
from eval.report import ModelInfo, OrderInfo, PersonaInfo, SurveyInfo
from eval.report.build import persona_info, survey_info
from eval.scoring.distributions import Opinion, OrderOpinion, opinion
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import total_variation
from eval.scoring.results import Document, Part
from eval.scoring.validity import in_orders, order_agreement
from eval.surveys.human_figures import HumanFigures, groups_with_figures, human_figures
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question
from personas import CATALOGUE, Attribute, Group, LoadedPersona, Persona, library_names, load_persona, system_prompt
from personas.errors import ReportedError
from personas.inputs.suggestions import nearest, quoted, suggestion

QUOTE_TOKENS = 80
"""The most tokens of a reply in words: a few sentences, one glance."""
UNSTEERED = "unsteered"
PRESETS = (("Yes", "No"), ("Agree", "Neither agree nor disagree", "Disagree"), ("A lot", "A little", "Not at all"))
"""Options that are offered for a question in one's own words."""
_OWN = "own"
"""The id of a question in the person's own words."""


class RoomError(ReportedError):
    """The room cannot be asked this; the message says what to do."""


@dataclass(frozen=True, slots=True)
class RoomQuestion:
    """What the room is asked: `stem` in words, and the same as a question with options, None where it has none.

    `survey` is where the question and people's answers to it come from, None for a question in the person's own words.
    """

    stem: str
    question: Question | None
    survey: LoadedSurvey | None

    @property
    def id(self) -> str | None:
        """The id of the survey's question; None for one's own."""
        return self.question.id if self.question is not None and self.survey is not None else None


def question_meant(text: str, options: Sequence[str], survey: LoadedSurvey) -> RoomQuestion:
    """Return the question of the survey with this id or wording, or one in the person's own words with `options`.

    Without options, a question in one's own words is answered in words only.

    Raises:
        RoomError: the options do not fit, or a single word looks like the id of another question.
    """
    of_survey = {question.id: question for question in survey.survey.questions}
    wording = {_plain(question.stem): question for question in survey.survey.questions}
    found = of_survey.get(text.strip()) or (wording.get(_plain(text)) if not options else None)
    if found is not None and options:
        raise RoomError(f"the survey's question {found.id} has its own options; leave out yours, or use your own words")
    if found is not None:
        return RoomQuestion(found.stem, found, survey)
    if not options and len(text.split()) == 1 and (likely := nearest(text, of_survey)):
        raise RoomError(f"the survey {survey.survey.name} has no question {quoted(text)}; did you mean {likely}?")
    return RoomQuestion(text.strip(), _own_question(text.strip(), options) if options else None, None)


def questions_with(words: str, survey: LoadedSurvey) -> list[Question]:
    """Return the questions of the survey that have all these words in wording, topics or id; all without any words."""
    wanted = words.casefold().split()
    return [question for question in survey.survey.questions if all(word in _searched(question) for word in wanted)]


def _searched(question: Question) -> str:
    return f"{question.stem} {', '.join(question.topics)} {question.id}".casefold()


def attributes_offered(survey: LoadedSurvey, first: str) -> list[Attribute]:
    """Return the attributes whose groups can be asked: the one with the key `first`, those with human figures, others.

    `first` is that of the persona that is talked with, empty where it has none.
    """
    figures = attributes_with_figures(survey)
    attributes = (attribute for attribute in CATALOGUE.values() if attribute.values)
    return sorted(attributes, key=lambda attribute: (attribute.key != first, attribute.key not in figures))


def attributes_with_figures(survey: LoadedSurvey) -> frozenset[str]:
    """Return the keys of the attributes for whose groups the survey has people's answers."""
    return frozenset(group.attribute for group in groups_with_figures(survey.survey))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _own_question(stem: str, options: Sequence[str]) -> Question:
    document = {
        "id": _OWN,
        "topics": ("own words",),
        "stem": stem,
        "paraphrased": False,
        "options": [{"text": text, "ordinal": place} for place, text in enumerate(options, start=1)],
        "responses": {},
    }
    try:
        return Question.model_validate(document, strict=False)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        problem = "one option is no choice; give two or more" if fault["type"] == "too_short" else fault["msg"]
        raise RoomError(f"these options cannot be asked: {problem}") from error


def members_meant(named: Sequence[str], survey: LoadedSurvey, steering: str | None = None) -> tuple[LoadedPersona, ...]:
    """Return a persona for every group that is named: `POLPARTY` for all of an attribute, `POLPARTY=Democrat` for one.

    It is the persona of the library where that has one. `steering` replaces how it is steered.

    Raises:
        RoomError: there is no such attribute, or nothing is named.
        PersonaError: there is no such group, or it cannot be steered so.
    """
    groups = list(dict.fromkeys(group for text in named for group in _groups(text, survey)))
    if not groups:
        raise RoomError("nobody is asked; name groups, such as POLPARTY or POLPARTY=Democrat")
    return tuple(steered_as(stand_in(group), steering) for group in groups)


def _groups(text: str, survey: LoadedSurvey) -> Sequence[Group]:
    if "=" in text:
        return [Group.parse(text)]
    attribute = CATALOGUE.get(text)
    if attribute is not None and attribute.values:
        return [Group(attribute=text, value=value) for value in attribute.values]
    with_figures = groups_with_figures(survey.survey)
    known = dict.fromkeys([*CATALOGUE, *(group.attribute for group in with_figures)])
    found = [group for group in with_figures if group.attribute == text]
    if not found:
        raise RoomError(f"there are no groups of {quoted(text)}; {suggestion(text, known)}")
    return found


def stand_in(group: Group) -> LoadedPersona:
    """Return the persona of the library for exactly this group, or one that is made for it, steered by `portray`."""
    if (loaded := _library().get((group,))) is not None:
        return loaded
    name = "-".join("".join(each if each.isalnum() else " " for each in group.value.lower()).split()) or "group"
    persona = Persona.model_validate(
        {
            "schema": "chat-personas/persona@1",
            "name": name if name.isascii() else "group",
            "title": group.label,
            "steering": "portray",
            "groups": (group,),
        }
    )
    content = persona.model_dump_json(by_alias=True, exclude_none=True).encode()
    return LoadedPersona(persona, Path(f"{persona.name}.toml"), sha256(content).hexdigest())


@cache
def _library() -> Mapping[tuple[Group, ...], LoadedPersona]:
    loaded = [load_persona(name) for name in library_names()]
    return {each.persona.groups: each for each in loaded}


# The document


class AskedQuestion(Part):
    """The question as it was put."""

    id: str | None
    """Its id in the survey; null for a question in your own words."""
    stem: str
    """The question without its options: the message that the replies in words answer."""
    options: tuple[str, ...]
    """The options, in the survey's order or yours; empty where the question was asked without any."""
    refusals: tuple[str, ...]
    """The options that decline to answer."""
    paraphrased: bool | None
    """Whether the wording differs from what the respondents read; null for a question in your own words."""


class PeopleAnswer(Part):
    """How the people of the group answered the same question."""

    distribution: tuple[float, ...]
    """The share of each option, refusals apart; they sum to 1."""
    n: float | None
    """How many people chose an option (effective, if weighted); null where the source does not say."""
    refusal: float
    """The share of refusals among all who were asked."""


class RoomAnswer(Part):
    """What one persona, or the unsteered model, answered."""

    persona: PersonaInfo
    """The persona; `unsteered` for the model without steering."""
    title: str
    """Its name on the screen."""
    steering: str
    """How the model is steered to it."""
    model: tuple[float, ...] | None
    """The share of each option, refusals apart, averaged over the option orders; null without options or an answer."""
    by_order: tuple[OrderInfo, ...]
    """The same in each option order."""
    refusal: float | None
    """The share of the refusal options in the mass of all labels."""
    label_mass: float | None
    """The probability of all answer labels together."""
    order_bias: float | None
    """The total variation between the distributions in two option orders."""
    order_agreement: float | None
    """How far the option orders agree on this question: 1 is the same answer, 0 and below none. One question has no
    interval, and cannot show whether the model follows the letters."""
    valid: bool
    """Whether the model answered with the labels: see the measures."""
    why: str | None
    """Why there is no distribution; null where there is one."""
    people: PeopleAnswer | None
    """What the people of the group answered (everyone, for the unsteered model); null where the survey cannot say."""
    total_variation: float | None
    """Between the model's distribution and people's: the share of the answers that would have to be others."""
    from_unsteered: float | None
    """The total variation from the unsteered model: how much the persona changes on this question."""
    quote: str | None
    """The reply in words; null where it was not asked for, or has not come."""
    unheard: str | None
    """Why the reply is missing, or not whole: what failed, or where it was cut off; null where it is whole."""
    conversation: str | None
    """The conversation in the corpus that the reply stands in."""


class RoomReport(Document):
    """What the room answered (`ask --json`)."""

    schema_: Literal["chat-personas/room@1"] = Field(default="chat-personas/room@1", alias="schema")
    """Always `"chat-personas/room@1"`."""
    created: str
    """When it was made (UTC, ISO 8601)."""
    version: str
    """The version of this program."""
    question: AskedQuestion
    """The question as it was put."""
    survey: SurveyInfo | None
    """The survey that the question is of; null for a question in your own words."""
    model: ModelInfo
    """The model that was asked."""
    expression: str
    """How the distributions were obtained."""
    seed: int
    """The seed of the replies in words, and of expressions that draw."""
    answers: tuple[RoomAnswer, ...]
    """The unsteered model's answer, then that of each persona."""


# Asking


@dataclass(slots=True)
class _Seat:
    """One member of the room, and what has come of it so far."""

    member: LoadedPersona
    outcome: Answer | Failure | None = None
    quote: str | None = None
    unheard: str | None = None
    conversation: str | None = None
    talk: Conversation | None = None
    """The conversation in which it was asked to reply, also where it has not."""


class Room:
    """One question, and the answers of everybody in the room as they come.

    The unsteered model is the first member. `measure` asks for the distributions and `hear` for replies in words; each
    yields the place of the member that has just answered. Asked once more, they go on with those who have not answered.
    `report` is about what has come by then.
    """

    def __init__(
        self,
        engine: Engine,
        question: RoomQuestion,
        members: Sequence[LoadedPersona],
        *,
        expression: Expression = "log_probability",
        seed: int = 0,
    ) -> None:
        self.question = question
        self.engine = engine
        self._expression = expression
        self._seed = seed
        self._seats = [_Seat(load_persona(UNSTEERED)), *(_Seat(member) for member in members)]

    @property
    def members(self) -> tuple[LoadedPersona, ...]:
        """Everybody who is asked, the unsteered model first."""
        return tuple(seat.member for seat in self._seats)

    def requests(self, *, quotes: bool) -> int:
        """Return how many requests asking takes, as a server counts them."""
        method, asked = METHODS[self._expression], self.question.question
        each = 0 if asked is None else method.requests(asked, Asking(self._seed))
        return len(self._seats) * (each + quotes)

    async def measure(self) -> AsyncGenerator[int, None]:
        """Ask each member for its distribution over the options; nothing without options.

        Raises:
            EngineError: the model or the server failed, or cannot be asked in this expression.
            PersonaError: a member cannot be put into a prompt.
            SteeringError, InterventionError: a member's direction is missing or not one of this model.
        """
        asked = self.question.question
        if asked is None:
            return
        if (why := cannot(self._expression, self.engine.info, self.engine.info)) is not None:
            raise EngineError(why)
        for place, seat in enumerate(self._seats):
            if seat.outcome is not None:
                continue
            prompt = system_prompt(seat.member.persona)
            prefix = [Message("system", prompt)] if prompt else []
            engine = steered_for(self.engine, seat.member)
            outcomes = METHODS[self._expression].ask(engine, prefix, [asked], Asking(self._seed))
            async with aclosing(outcomes):
                async for outcome in outcomes:
                    seat.outcome = outcome
            yield place

    async def hear(self, corpus: Corpus) -> AsyncGenerator[int, None]:
        """Ask each member to reply in words, in a conversation of its own that the corpus keeps.

        A model that fails leaves that member without a whole reply, and says why (`RoomAnswer.unheard`).

        Raises:
            CorpusError: the corpus cannot be written.
            PersonaError, SteeringError, InterventionError: as `measure`.
        """
        for place, seat in enumerate(self._seats):
            if seat.quote is not None:
                continue
            talk = await asyncio.to_thread(self._talk, seat, corpus)
            try:
                reply = await self._heard(talk)
                seat.quote, seat.unheard, seat.conversation = reply.text or None, reply.why, talk.id
            except TooLongError as error:
                seat.unheard = str(error)
            yield place

    def _talk(self, seat: _Seat, corpus: Corpus) -> Conversation:
        """Return the conversation with a member: that of a reply that broke off, unless somebody has gone on there."""
        if seat.talk is None or not _stands(seat.talk, corpus):
            sampling = self._sampling(seat.member.persona)
            seat.talk = Conversation.start(corpus, self.engine, seat.member, sampling=sampling)
        return seat.talk

    async def _heard(self, talk: Conversation) -> MessageRow:
        """Put the question, or ask for another reply in place of one that broke off; return the reply."""
        await talk.save()
        if not talk.path:
            await talk.rename(beginning_of(f"Room: {self.question.stem}"))  # as a debate is known by its title in lists
        if not talk.path or talk.path[-1].status != "complete" or is_blank_reply(talk.path[-1]):
            begun = talk.regenerate() if talk.path else talk.send(self.question.stem)
            async with aclosing(begun) as events:
                async for _ in events:
                    pass
        return talk.path[-1]

    def _sampling(self, persona: Persona) -> Sampling:
        own = sampling_of(persona)
        seed = seed_for(self._seed, persona.name) if own.seed is None else own.seed
        return replace(own, seed=seed, max_tokens=min(own.max_tokens, QUOTE_TOKENS))

    def report(self) -> RoomReport:
        """Return what has been answered so far."""
        asked, survey = self.question.question, self.question.survey
        opinions = [_opinion(seat.outcome) for seat in self._seats]
        return RoomReport(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            question=AskedQuestion(
                id=self.question.id,
                stem=self.question.stem,
                options=asked.option_texts if asked is not None else (),
                refusals=asked.refusals if asked is not None else (),
                paraphrased=asked.paraphrased if asked is not None and survey is not None else None,
            ),
            survey=None if survey is None or asked is None else survey_info(survey, [asked]),
            model=ModelInfo.model_validate(self.engine.info),
            expression=self._expression,
            seed=self._seed,
            answers=tuple(
                self._answer(seat, found, opinions[0] if place else None)
                for place, (seat, found) in enumerate(zip(self._seats, opinions, strict=True))
            ),
        )

    def _answer(self, seat: _Seat, found: Opinion | None, unsteered: Opinion | None) -> RoomAnswer:
        persona, shares = seat.member.persona, None if found is None else found.distribution
        people = self._people(persona)
        apart = None if people is None or shares is None else float(total_variation(shares, people.distribution))
        before = None if unsteered is None else unsteered.distribution
        return RoomAnswer(
            persona=persona_info(seat.member),
            title=persona.title,
            steering=persona.steering,
            model=None if shares is None else tuple(shares.tolist()),
            by_order=() if found is None else tuple(map(_order_info, found.by_order)),
            refusal=None if found is None else found.refusal,
            label_mass=None if found is None else found.label_mass,
            order_bias=None if found is None else found.order_bias,
            order_agreement=None if found is None else _agreement(found),
            valid=found is not None and found.valid,
            why=_why(seat.outcome, found),
            people=None if people is None else _people_answer(people),
            total_variation=apart,
            from_unsteered=None if shares is None or before is None else float(total_variation(shares, before)),
            quote=seat.quote,
            unheard=seat.unheard,
            conversation=seat.conversation,
        )

    def _people(self, persona: Persona) -> HumanFigures | None:
        if self.question.survey is None or self.question.question is None:
            return None
        return human_figures(self.question.question, persona.groups)


@dataclass
class RoomTable:
    """A room, and what happened around it: guesses by place, and whether people's answers are shown."""

    room: Room
    guesses: dict[int, tuple[float, ...]] = field(default_factory=dict)
    revealed: bool = False
    no_figures: str = ""
    """Why figures are missing after the last asking for them; empty where nothing failed."""
    no_words: str = ""
    """Why replies in words are missing after the last asking for them; empty where nothing failed."""

    @property
    def hides(self) -> str | None:
        """The id of the survey's question to which people's answers are to be guessed; None where they are shown."""
        return None if self.revealed else self.room.question.id

    async def measure(self) -> AsyncGenerator[int, None]:
        """Ask as `Room.measure` does; what fails ends that, and is `no_figures` until it is asked once more."""
        self.no_figures = ""
        try:
            async with aclosing(self.room.measure()) as places:
                async for place in places:
                    yield place
        except ReportedError as error:
            self.no_figures = str(error)

    async def hear(self, corpus: Corpus) -> AsyncGenerator[int, None]:
        """Ask as `Room.hear` does; what fails ends that, and is `no_words` until it is asked once more."""
        self.no_words = ""
        try:
            async with aclosing(self.room.hear(corpus)) as places:
                async for place in places:
                    yield place
        except ReportedError as error:
            self.no_words = str(error)


def _stands(talk: Conversation, corpus: Corpus) -> bool:
    """Whether a conversation is as it was left here: nobody has deleted it, or said something in it."""
    if not talk.path:
        return True
    try:
        return corpus.conversation(talk.id).active_leaf_id == talk.path[-1].id
    except UnknownConversationError:
        return False


def _opinion(outcome: Answer | Failure | None) -> Opinion | None:
    return opinion(outcome, "apart") if isinstance(outcome, Answer) else None


def _order_info(found: OrderOpinion) -> OrderInfo:
    return OrderInfo(
        order=found.order,
        model=None if found.distribution is None else tuple(found.distribution.tolist()),
        refusal=found.refusal,
        label_mass=found.label_mass,
        truncation=found.truncation,
    )


def _agreement(found: Opinion) -> float | None:
    orders = in_orders(_OWN, {each.order: each.distribution for each in found.by_order})
    score = order_agreement([orders], Bootstrap())
    return None if score is None else score.mean


def _why(outcome: Answer | Failure | None, found: Opinion | None) -> str | None:
    if isinstance(outcome, Failure):
        return outcome.why
    return REFUSALS_ONLY if found is not None and found.distribution is None else None


def _people_answer(found: HumanFigures) -> PeopleAnswer:
    n = float(found.n) if isfinite(found.n) else None
    return PeopleAnswer(distribution=tuple(found.distribution.tolist()), n=n, refusal=float(found.refusal))
