"""One question to everybody in the room: who is asked, what is put to the model, and what comes of it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chat_personas.conversation.conversation import Conversation
from chat_personas.conversation.room import Room, RoomError, members_meant, question_meant, stand_in
from chat_personas.corpus import Corpus, CorpusError
from eval.engine import EngineError, EngineInfo, Message, Piece, RequestError, Sampling, TooLongError
from eval.surveys.loading import LoadedSurvey, load_survey
from personas import Group, PersonaError, load_persona, system_prompt
from tests.corpus.making import branch_of
from tests.eval.fake_engine import FakeEngine
from tests.eval.prompted_engine import PromptedEngine
from tests.eval.towns import DEMOCRAT, REPUBLICAN, question, town

PROMPTS = {name: system_prompt(load_persona(name).persona) for name in ("democrat", "republican", "unsteered")}
BUS = town(question("BUS", {DEMOCRAT: [30, 10], REPUBLICAN: [5, 15]}, overall=[35, 25], refused=20))
TOWN = LoadedSurvey(BUS, Path("town.json"), "ab" * 32)
ANSWERS = {
    PROMPTS["unsteered"]: {"BUS": {"option 1": 0.45, "option 2": 0.45}},
    PROMPTS["democrat"]: {"BUS": {"option 1": 0.6, "option 2": 0.2, "No answer": 0.1}},
    PROMPTS["republican"]: {"BUS/survey": {"option 1": 0.8, "option 2": 0.1}, "BUS/reversed": {"option 2": 0.9}},
}
PARTIES = ("POLPARTY=Democrat", "POLPARTY=Republican")


def room(engine: FakeEngine, asked: str = "BUS", options: Sequence[str] = (), **changes: object) -> Room:
    return Room(engine, question_meant(asked, options, TOWN), members_meant(PARTIES, TOWN), **changes)  # type: ignore[arg-type]


async def measured(asked: Room) -> Room:
    assert [place async for place in asked.measure()] == [0, 1, 2]
    return asked


# The question


def test_a_question_of_the_survey_is_found_by_its_id_and_by_its_wording() -> None:
    by_id, by_wording = question_meant("BUS", (), TOWN), question_meant("what  ABOUT bus?", (), TOWN)

    assert by_id == by_wording
    assert (by_id.id, by_id.stem) == ("BUS", "What about BUS?")


def test_a_question_in_ones_own_words_has_ones_own_options_and_no_people() -> None:
    own = question_meant("Is it warm?", ("Yes", "No"), TOWN)

    assert own.question is not None
    assert (own.id, own.stem, own.question.option_texts, own.survey) == (None, "Is it warm?", ("Yes", "No"), None)


def test_a_question_without_options_is_for_words_only() -> None:
    assert question_meant("What worries you?", (), TOWN).question is None


@pytest.mark.parametrize(
    ("asked", "options", "why"),
    [
        ("BUS", ("Yes", "No"), "has its own options"),
        ("BSU", (), "did you mean BUS"),
        ("Is it warm?", ("Yes",), "give two or more"),
        ("Is it warm?", ("Yes", "yes"), "occurs twice"),
        ("Is it warm?", [f"Option {n}" for n in range(27)], "keep to 26"),
    ],
)
def test_what_cannot_be_asked_says_what_to_do(asked: str, options: Sequence[str], why: str) -> None:
    with pytest.raises(RoomError, match=why):
        question_meant(asked, options, TOWN)


# The members


def test_an_attribute_brings_all_of_its_groups_in_the_order_of_the_catalogue() -> None:
    members = members_meant(["POLPARTY"], load_survey("civic"))

    assert [member.persona.name for member in members] == ["republican", "democrat", "independent", "other-party"]


def test_a_group_that_is_named_twice_is_asked_once() -> None:
    assert len(members_meant(["POLPARTY=Democrat", "POLPARTY"], TOWN)) == 4


def test_a_group_without_a_persona_in_the_library_gets_one() -> None:
    member = stand_in(Group(attribute="COUNTRY", value="New Zealand"))

    assert (member.persona.name, member.persona.title) == ("new-zealand", "New Zealand")
    assert system_prompt(member.persona) == (
        "Play the part of a person in New Zealand. Speak and answer as that person would, in the first person."
    )


def test_the_steering_can_be_another_one() -> None:
    (member,) = members_meant(["POLPARTY=Democrat"], TOWN, "bio")

    assert member.persona.steering == "bio"


@pytest.mark.parametrize(
    ("named", "error"),
    [((), RoomError), (("PARTY",), RoomError), (("COUNTRY",), RoomError), (("POLPARTY=Whig",), PersonaError)],
)
def test_an_unknown_group_is_an_error(named: Sequence[str], error: type[Exception]) -> None:
    with pytest.raises(error):
        members_meant(named, TOWN)


# The figures


async def test_each_member_is_asked_under_its_own_prompt_and_the_unsteered_model_under_none() -> None:
    engine = PromptedEngine(ANSWERS)
    await measured(room(engine))

    said = [[message.content for message in prefix] for prefix in engine.prefixes]
    assert said == [[], [PROMPTS["democrat"]], [PROMPTS["republican"]]]


async def test_figures_are_the_mean_of_both_orders_with_refusals_apart() -> None:
    unsteered, democrat, republican = (await measured(room(PromptedEngine(ANSWERS)))).report().answers

    assert unsteered.model == pytest.approx((0.5, 0.5))
    assert democrat.model == pytest.approx((0.75, 0.25))
    assert democrat.refusal == pytest.approx(1 / 9)
    assert republican.model == pytest.approx((4 / 9, 5 / 9))  # (8/9 + 0) / 2
    assert [each.model for each in republican.by_order] == [pytest.approx((8 / 9, 1 / 9)), pytest.approx((0, 1))]


async def test_people_of_the_same_group_stand_beside_it_and_everyone_beside_the_unsteered_model() -> None:
    unsteered, democrat, republican = (await measured(room(PromptedEngine(ANSWERS)))).report().answers

    found = [each.people for each in (unsteered, democrat, republican)]
    assert [each and each.distribution for each in found] == [(35 / 60, 25 / 60), (0.75, 0.25), (0.25, 0.75)]
    assert [each and each.n for each in found] == [60, 40, 20]
    assert [each and each.refusal for each in found] == [20 / 80, 20 / 60, 20 / 40]


async def test_distances_are_total_variations() -> None:
    unsteered, democrat, republican = (await measured(room(PromptedEngine(ANSWERS)))).report().answers

    assert unsteered.total_variation == pytest.approx(35 / 60 - 0.5)
    assert democrat.total_variation == pytest.approx(0)
    assert republican.total_variation == pytest.approx(0.75 - 5 / 9)
    assert unsteered.from_unsteered is None
    assert democrat.from_unsteered == pytest.approx(0.25)
    assert republican.from_unsteered == pytest.approx(0.5 - 4 / 9)


async def test_orders_that_say_the_same_agree_and_orders_that_say_the_opposite_do_not() -> None:
    _, democrat, republican = (await measured(room(PromptedEngine(ANSWERS)))).report().answers

    assert democrat.order_agreement == pytest.approx(1)
    assert republican.order_agreement == pytest.approx(-1)  # two options: any lean to the same letter is opposite
    assert republican.order_bias == pytest.approx(8 / 9)


async def test_a_model_that_hardly_uses_the_letters_is_not_valid() -> None:
    mumbling = {prompt: {"BUS": {"option 1": 0.3, "option 2": 0.1}} for prompt in PROMPTS.values()}
    unsteered, *_ = (await measured(room(PromptedEngine(mumbling)))).report().answers

    assert unsteered.label_mass == pytest.approx(0.4)
    assert not unsteered.valid


async def test_one_member_that_cannot_be_asked_does_not_take_the_others_down() -> None:
    broken = PromptedEngine(ANSWERS, failures={"BUS/survey": "too long for the context"})
    answers = (await measured(room(broken))).report().answers

    assert [(each.model, each.why) for each in answers] == [(None, "survey order: too long for the context")] * 3


async def test_refusals_only_are_no_distribution() -> None:
    refusing = {prompt: {"BUS": {"No answer": 0.9}} for prompt in PROMPTS.values()}
    unsteered, *_ = (await measured(room(PromptedEngine(refusing)))).report().answers

    assert (unsteered.model, unsteered.why, unsteered.refusal) == (None, "answered with refusals only", 1.0)


async def test_a_model_without_log_probabilities_says_so_before_anything_is_asked() -> None:
    silent = FakeEngine(info=EngineInfo("mute", "openai"))

    with pytest.raises(EngineError, match="mute gives no log-probabilities"):
        await measured(room(silent))
    assert silent.prefixes == []


async def test_ones_own_question_is_lettered_in_both_orders_and_has_no_people() -> None:
    engine = FakeEngine({"own": {"Yes": 0.7, "No": 0.2}})
    unsteered, *_ = (await measured(room(engine, "Is it warm?", ("Yes", "No")))).report().answers

    assert {prompt.split("\n")[1] for prompt in engine.asked} == {"A. Yes", "A. No"}
    assert unsteered.model == pytest.approx((7 / 9, 2 / 9))
    assert (unsteered.people, unsteered.total_variation) == (None, None)


# The words


async def test_each_quote_is_a_conversation_of_its_persona_with_the_question_as_its_message(corpus: Corpus) -> None:
    asked = room(FakeEngine())
    assert [place async for place in asked.hear(corpus)] == [0, 1, 2]

    for answer, name in zip(asked.report().answers, ("unsteered", "democrat", "republican"), strict=True):
        assert answer.conversation is not None
        kept = corpus.conversation(answer.conversation)
        said = [(message.role, message.text) for message in branch_of(corpus, answer.conversation)]
        assert (kept.persona_name, kept.system_prompt) == (name, PROMPTS[name])
        assert said == [("user", "What about BUS?"), ("assistant", "Yes.")]
        assert answer.quote == "Yes."
        assert kept.title == "Room: What about BUS?"


async def test_quotes_are_short_and_repeat_with_the_seed_but_differ_between_members(corpus: Corpus) -> None:
    drawn = []

    class Drawing(FakeEngine):
        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            drawn.append(sampling)
            yield Piece("Yes.", finish_reason="stop")

    for seed in (1, 1, 2):
        async for _ in room(Drawing(), seed=seed).hear(corpus):
            pass

    first, again, other = drawn[:3], drawn[3:6], drawn[6:]
    assert first == again
    assert len({each.seed for each in (*first, *other)}) == 6
    assert {each.max_tokens for each in drawn} == {80}


async def test_a_request_that_is_refused_leaves_one_member_without_a_quote(corpus: Corpus) -> None:
    class Refusing(FakeEngine):
        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            if messages[0].content == PROMPTS["democrat"]:
                raise RequestError("not this one")
            yield Piece("Yes.", finish_reason="stop")

    asked = room(Refusing())
    async for _ in asked.hear(corpus):
        pass

    heard = [(answer.quote, answer.unheard) for answer in asked.report().answers]
    assert heard == [("Yes.", None), (None, "not this one"), ("Yes.", None)]


async def test_a_question_that_is_too_long_for_the_model_is_unheard_and_not_kept(corpus: Corpus) -> None:
    class Small(FakeEngine):
        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            raise TooLongError("too long for 8 tokens")
            yield

    asked = room(Small())
    async for _ in asked.hear(corpus):
        pass

    assert {(each.quote, each.unheard) for each in asked.report().answers} == {(None, "too long for 8 tokens")}
    assert corpus.conversations() == ()


class BreakingOff(FakeEngine):
    """Stands still in its first reply, and then replies; `seeds` are those that it was asked with."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds: list[int | None] = []
        self.reached = asyncio.Event()

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        self.seeds.append(sampling.seed)
        if len(self.seeds) == 1:
            yield Piece("Well, ")
            self.reached.set()
            await asyncio.Event().wait()
        yield Piece("Well, yes.", finish_reason="stop")


async def broken_off(corpus: Corpus) -> tuple[Room, BreakingOff]:
    """A room that was left in the middle of its first reply in words."""

    async def hear() -> None:
        async for _ in asked.hear(corpus):
            pass

    engine = BreakingOff()
    asked = room(engine)
    hearing = asyncio.create_task(hear())
    await engine.reached.wait()
    hearing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hearing
    return asked, engine


async def test_a_reply_that_broke_off_is_drawn_once_more_with_its_seed_in_its_conversation(corpus: Corpus) -> None:
    asked, engine = await broken_off(corpus)
    assert [place async for place in asked.hear(corpus)] == [0, 1, 2]

    assert engine.seeds[1] == engine.seeds[0]
    assert len(corpus.conversations()) == 3
    first = asked.report().answers[0].conversation
    assert first is not None
    assert [message.text for message in branch_of(corpus, first)] == ["What about BUS?", "Well, yes."]


async def test_where_somebody_has_gone_on_after_a_reply_that_broke_off_that_stays(corpus: Corpus) -> None:
    asked, engine = await broken_off(corpus)
    (left,) = corpus.conversations()
    gone_on = Conversation.resume(corpus, engine, left.id)
    async for _ in gone_on.send("Why?"):
        pass
    async for _ in asked.hear(corpus):
        pass

    assert [message.text for message in branch_of(corpus, left.id)][2:] == ["Why?", "Well, yes."]
    assert len(corpus.conversations()) == 4


async def test_where_a_conversation_was_deleted_meanwhile_another_one_is_begun(corpus: Corpus) -> None:
    asked, _ = await broken_off(corpus)
    (left,) = corpus.conversations()
    corpus.delete(left.id)
    async for _ in asked.hear(corpus):
        pass

    assert len(corpus.conversations()) == 3
    assert {answer.quote for answer in asked.report().answers} == {"Well, yes."}


async def test_a_reply_that_could_not_be_stored_is_stored_and_not_asked_for_again(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting(FakeEngine):
        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            given.append(messages)
            yield Piece("Yes.", finish_reason="stop")

    def full(corpus: Corpus, *given: Any, **named: Any) -> None:
        raise CorpusError("the disk is full; make room")

    given: list[Sequence[Message]] = []
    asked = room(Counting())
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Corpus, "end_reply", full)
        with pytest.raises(CorpusError):
            async for _ in asked.hear(corpus):
                pass
    assert [place async for place in asked.hear(corpus)] == [0, 1, 2]

    first = asked.report().answers[0]
    assert (first.quote, first.unheard) == ("Yes.", None)
    assert (len(given), len(corpus.conversations())) == (3, 3)


# The document


async def test_the_report_can_be_made_at_any_time_and_names_question_survey_and_model() -> None:
    report = room(PromptedEngine(ANSWERS)).report()

    assert (report.question.id, report.question.options) == ("BUS", ("option 1", "option 2"))
    assert report.survey is not None
    assert (report.survey.name, report.model.name) == ("town", "fake")
    assert [(each.model, each.quote, each.why) for each in report.answers] == [(None, None, None)] * 3


async def test_requests_are_counted_before_anybody_is_asked() -> None:
    asked = room(FakeEngine())

    assert asked.requests(quotes=False) == 3 * 2
    assert asked.requests(quotes=True) == 3 * 2 + 3
    assert room(FakeEngine(), "What worries you?").requests(quotes=True) == 3
