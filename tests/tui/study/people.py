"""Participants in front of the screen: a study on a model that answers by script, and what people do on each page."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from chat_personas.corpus import Corpus
from chat_personas.studies.participation import Identity, Participation
from chat_personas.studies.study import LoadedStudy
from chat_personas.tui.study.app import StudyApp
from chat_personas.tui.study.guessing import GuessPage
from chat_personas.tui.study.pages import ConsentPage, DebriefingPage, StudyPage, TextPage
from chat_personas.tui.study.questionnaire import ChoiceBox, NumberBox, QuestionnairePage
from chat_personas.tui.study.session import OpenEngine
from chat_personas.tui.study.talk import TalkPage
from eval.engine import Engine, Message, Probe, ProbeScore
from eval.surveys.loading import load_survey
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.eval.fake_engine import by_content
from tests.tui.fakes import ScreenEngine, reply, until

ONLY_THE_TALK = {
    "questions = 8 ": "questions = 0 ",
    'intake = ["demographics", "familiarity", "exposure"]': "",
    'before = ["understanding", "agreement", "warmth"]': "",
    'after = ["understanding", "agreement", "warmth", "realism", "surprise", "attention"]': "",
}
"""Changes to the study of `study new` that leave consent, talk and debriefing."""
SHORT = {
    'intake = ["demographics", "familiarity", "exposure"]': 'intake = ["exposure"]',
    'before = ["understanding", "agreement", "warmth"]': 'before = ["warmth"]',
    'after = ["understanding", "agreement", "warmth", "realism", "surprise", "attention"]': 'after = ["surprise"]',
    "questions = 8 ": "questions = 5 ",
    "least_turns = 3": "least_turns = 1",
}
"""Changes that leave a little of every stage: 2, 1 and 2 items, 5 questions, and one message."""
PERSON = Identity(participant="P07")
Page = TypeVar("Page", bound=Screen[object])


class StudyEngine(ScreenEngine):
    """Talks by script, and answers every question by its content, so that what is measured is sound."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        answering = AnsweringEngine(by_content(load_survey("civic").survey))
        async for score in answering.score(prefix, probes):
            self.probed += 1
            yield score


def talkative(replies: int = 3) -> StudyEngine:
    return StudyEngine(*(reply(f"Reply {number}.") for number in range(1, replies + 1)))


def opens(engine: Engine) -> OpenEngine:
    async def open_engine() -> Engine:
        return engine

    return open_engine


@asynccontextmanager
async def taking_part(
    corpus: Corpus,
    study: LoadedStudy,
    open_engine: OpenEngine | None = None,
    *,
    identity: Identity = PERSON,
    resume: bool = False,
    size: tuple[int, int] = (100, 40),
) -> AsyncIterator[Pilot[None]]:
    """Sit a person down in front of the screen, or the same person again."""
    way = Participation.resume(corpus, study, identity=identity) if resume else None
    app = StudyApp(study, corpus, identity, way, open_engine or opens(talkative()))
    app.key_order.typing_on.seconds = 0.0  # tests answer as soon as a question is seen
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, StudyPage) or app._exit)
        yield pilot


def app_of(pilot: Pilot[None]) -> StudyApp:
    assert isinstance(pilot.app, StudyApp)
    return pilot.app


def page(pilot: Pilot[None], kind: type[Page]) -> Page:
    assert isinstance(pilot.app.screen, kind), pilot.app.screen
    return pilot.app.screen


async def next_page(pilot: Pilot[None], do: Callable[[], object]) -> None:
    """Press what `do` returns, and wait for another page or the end."""
    before = pilot.app.screen
    await pilot.press(*str(do()).split())
    await until(pilot, lambda: pilot.app._exit or pilot.app.screen is not before)
    await until(pilot, lambda: pilot.app._exit or isinstance(pilot.app.screen, StudyPage))


async def press(pilot: Pilot[None], keys: str) -> None:
    """Press keys that lead to another page, and wait for it."""
    await next_page(pilot, lambda: keys)


async def agree(pilot: Pilot[None]) -> None:
    """Say yes to the age, agree, and read the instructions."""
    page(pilot, ConsentPage)
    await pilot.press("tab", "1")
    await press(pilot, "f2")
    page(pilot, TextPage)
    await press(pilot, "enter")


async def fill_in(pilot: Pilot[None]) -> None:
    """Answer every item of a sheet by keys: the second option, 65, or words; always where the focus is."""
    sheet = page(pilot, QuestionnairePage)
    for box in sheet.boxes:
        await until(pilot, lambda box=box: sheet.focused is box.first_field)  # type: ignore[misc]
        if isinstance(box, ChoiceBox):
            await pilot.press("2")
        elif isinstance(box, NumberBox):
            await pilot.press("6", "5", "enter")
        else:
            await pilot.press(*"Words", "tab")
        await until(pilot, lambda box=box: box.given)  # type: ignore[misc]
    await press(pilot, "f2")


async def guess(pilot: Pilot[None]) -> None:
    """Give the first option 40, spread the rest, and go on."""
    page(pilot, GuessPage)
    await press(pilot, "4 0 e enter")


async def say(pilot: Pilot[None], text: str) -> None:
    """Type a message, send it, and wait for the reply."""
    talk = page(pilot, TalkPage)
    await until(pilot, lambda: talk.composer.may_send)
    turns = app_of(pilot).session.sitting.turns  # type: ignore[union-attr]
    await pilot.press(*(key if key != " " else "space" for key in text), "enter")
    await until(pilot, lambda: app_of(pilot).session.sitting.turns > turns)  # type: ignore[union-attr]
    await until(pilot, lambda: not talk.replies.busy)


async def talk_and_go_on(pilot: Pilot[None]) -> None:
    """Say as much as is needed, and end the conversation."""
    talk = page(pilot, TalkPage)
    await until(pilot, lambda: app_of(pilot).session.sitting is not None)
    while not app_of(pilot).session.sitting.may_end:  # type: ignore[union-attr]
        await say(pilot, "Why?")
    await pilot.press("f2")
    await until(pilot, lambda: pilot.app.screen is not talk)
    await pilot.press("y")
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyPage) and pilot.app.screen is not talk)


async def read_to_the_end(pilot: Pilot[None]) -> None:
    """Scroll through the debriefing, and say that it is read."""
    shown = page(pilot, DebriefingPage)
    while not shown.reading.end_seen:
        place = shown.reading.scroll_y
        await pilot.press("pagedown")
        await until(pilot, lambda place=place: shown.reading.end_seen or shown.reading.scroll_y > place)  # type: ignore[misc]
    await until(pilot, lambda: shown.button.has_focus)
    await press(pilot, "enter")


async def go_through(pilot: Pilot[None], until_page: Callable[[StudyPage[object]], bool] = lambda _: False) -> None:
    """Do what each page asks for by keys, up to a page, or to the end of the program."""
    while not pilot.app._exit:
        await until(pilot, lambda: pilot.app._exit or isinstance(pilot.app.screen, StudyPage))
        here = pilot.app.screen
        if pilot.app._exit or (isinstance(here, StudyPage) and until_page(here)):
            return
        if isinstance(here, ConsentPage):
            await agree(pilot)
        elif isinstance(here, QuestionnairePage):
            await fill_in(pilot)
        elif isinstance(here, GuessPage):
            await guess(pilot)
        elif isinstance(here, TalkPage):
            await talk_and_go_on(pilot)
        elif isinstance(here, DebriefingPage):
            await read_to_the_end(pilot)
        elif isinstance(here, TextPage):
            await press(pilot, "enter")
        else:
            await until(pilot, lambda here=here: pilot.app.screen is not here)  # type: ignore[misc]
