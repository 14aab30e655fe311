"""The talk of a study belongs to its participation from the first moment, and what was measured is told at the end."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import numpy as np
import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.errors import UnknownConversationError
from chat_personas.monitor.monitor import Estimate
from chat_personas.studies.sitting import Sitting, last_measurement, measured_answers
from chat_personas.studies.steps import Debriefing, Talk
from eval.engine import Message, Piece, Sampling, TooLongError
from eval.surveys.human_figures import human_figures
from tests.eval.fake_engine import FakeEngine, by_content
from tests.studies.making import begin, go_through, made_study


async def say(sitting: Sitting, text: str) -> None:
    assert sitting.conversation is not None
    async for _ in sitting.conversation.send(text):
        pass


async def measure(sitting: Sitting) -> list[Estimate]:
    return [estimate async for estimate in sitting.measure()]


def at_talk(corpus: Corpus, tmp_path: Path) -> tuple[Sitting, Talk]:
    way = begin(
        corpus, made_study(tmp_path, {"least_turns = 3": "least_turns = 2", "most_turns = 12": "most_turns = 3"})
    )
    go_through(corpus, way, until="conversation")
    step = way.next_step()
    assert isinstance(step, Talk)
    engine = FakeEngine(by_content(way.study.survey.survey))
    return Sitting(corpus, engine, way), step


async def test_a_talk_is_the_participants_before_anything_is_said(corpus: Corpus, tmp_path: Path) -> None:
    sitting, step = at_talk(corpus, tmp_path)
    conversation = sitting.open_talk(step)
    assert corpus.studies.conversation_of(sitting.way.id) == conversation.id
    assert corpus.branch(conversation.id) == ()
    await conversation.leave()
    assert corpus.studies.conversation_of(sitting.way.id) is None
    with pytest.raises(UnknownConversationError):
        corpus.conversation(conversation.id)


class Refusing(FakeEngine):
    """Takes no message that is long."""

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        if len(messages[-1].content) > 100:
            raise TooLongError("the message is too long")
        yield Piece("Yes.", finish_reason="stop")


async def test_a_first_message_that_is_refused_leaves_the_talk_the_participants(corpus: Corpus, tmp_path: Path) -> None:
    sitting, step = at_talk(corpus, tmp_path)
    sitting._engine = Refusing(by_content(sitting.way.study.survey.survey))
    conversation = sitting.open_talk(step)
    with pytest.raises(TooLongError):
        await say(sitting, "long " * 100)
    await say(sitting, "short")
    assert corpus.studies.conversation_of(sitting.way.id) == conversation.id
    assert [message.text for message in conversation.path] == ["short", "Yes."]
    assert corpus.conversation(conversation.id).title == "short"
    assert corpus.search("long") == ()


async def test_a_talk_that_broke_off_goes_on_and_its_turns_count(corpus: Corpus, tmp_path: Path) -> None:
    sitting, step = at_talk(corpus, tmp_path)
    sitting.open_talk(step)
    assert (sitting.turns, sitting.may_end, sitting.must_end) == (0, False, False)
    await say(sitting, "Guns?")
    again = Sitting(corpus, sitting._engine, sitting.way)
    step_again = sitting.way.next_step()
    assert isinstance(step_again, Talk)
    again.open_talk(step_again)
    assert (again.turns, again.may_end) == (1, False)
    await say(again, "Why?")
    assert (again.turns, again.may_end, again.must_end) == (2, True, False)
    await say(again, "Really?")
    assert again.must_end


async def test_the_persona_is_measured_once_after_the_last_message(corpus: Corpus, tmp_path: Path) -> None:
    sitting, step = at_talk(corpus, tmp_path)
    conversation = sitting.open_talk(step)
    assert await measure(sitting) == [], "nothing was said"
    await say(sitting, "Guns?")
    estimates = await measure(sitting)
    assert estimates[-1].complete
    assert estimates[-1].total == len(sitting.way.study.survey.survey.questions), "only the whole survey has a verdict"
    assert await measure(sitting) == [], "it is not asked again"
    row = last_measurement(corpus, sitting.way.study, conversation.id)
    assert row is not None
    assert row.message_id == conversation.path[-1].id
    assert row.persona_name == conversation.persona.name
    measured = measured_answers(corpus, sitting.way.study, conversation.id)
    assert measured.keys() == {question.id for question in sitting.way.study.questions}
    assert all(abs(shares.sum() - 1) < 1e-9 for shares in measured.values())


async def test_a_measurement_that_is_not_sound_is_not_told(corpus: Corpus, tmp_path: Path) -> None:
    sitting, step = at_talk(corpus, tmp_path)
    sitting._engine = FakeEngine()  # even answers: it follows the letters
    conversation = sitting.open_talk(step)
    await say(sitting, "Guns?")
    await measure(sitting)
    row = last_measurement(corpus, sitting.way.study, conversation.id)
    assert row is not None
    assert row.verdict == "follows_letters"
    assert measured_answers(corpus, sitting.way.study, conversation.id) == {}


async def test_the_end_tells_the_peoples_real_answers_beside_the_own_guesses(corpus: Corpus, tmp_path: Path) -> None:
    sitting, step = at_talk(corpus, tmp_path)
    sitting.open_talk(step)
    await say(sitting, "Guns?")
    await measure(sitting)
    sitting.way.finish("conversation")
    go_through(corpus, sitting.way, until="debriefing")
    last = sitting.way.next_step()
    assert isinstance(last, Debriefing)
    told = sitting.learnt(last)
    assert [each.question.id for each in told] == [question.id for question in sitting.way.study.questions]
    for each in told:
        figures = human_figures(each.question, last.groups)
        assert figures is not None
        assert np.allclose(each.people, figures.distribution)
        assert each.n == figures.n
        assert each.persona is not None
        even = 1 / len(each.question.options)
        assert each.before == pytest.approx((even,) * len(each.question.options))
        assert each.after == pytest.approx((even,) * len(each.question.options))
