"""Make the pictures of docs/study.md from the real program: `python -m scripts.pictures.make_study_pictures`.

Somebody takes part in a short study on the built-in model, as a test: study-guess.svg is a guess, study-talk.svg the
talk with the persona, study-debriefing.svg what is told at the end.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot
from textual.screen import Screen

from chat_personas.cli.launch import Launch
from chat_personas.corpus import Corpus
from chat_personas.paths import corpus_path
from chat_personas.studies.participation import Identity
from chat_personas.studies.study import TEMPLATE, LoadedStudy, load_study
from chat_personas.tui.study.app import StudyApp
from chat_personas.tui.study.guessing import GuessPage
from chat_personas.tui.study.pages import ConsentPage, DebriefingPage, TextPage
from chat_personas.tui.study.talk import TalkPage
from scripts.pictures.make_screenshot import own_home, save, until

SIZE = (100, 32)
OF_A_GUESS = (100, 22)
SHORT = {
    'intake = ["demographics", "familiarity", "exposure"]': "",
    'before = ["understanding", "agreement", "warmth"]': "",
    'after = ["understanding", "agreement", "warmth", "realism", "surprise", "attention"]': "",
    "least_turns = 3": "least_turns = 2",
    "questions = 8 ": "questions = 5 ",
}
"""Changes to the study of `study new` that leave the guesses, the talk and the debriefing."""
GUESS = ("3", "0", "down", "2", "5")
BEFORE = ("1", "0", "down", "2", "0", "e")
AFTER = ("5", "down", "1", "5", "e")
"""What is pressed for each guess; E spreads the rest."""
SAID = ("What should be done about guns?", "Why?")


async def main(home: Path) -> None:
    """Take part, and write a picture of each of three pages."""
    with Corpus.open(corpus_path()) as corpus:
        app = StudyApp(short_study(home), corpus, Identity(), None, Launch(model="pocket").open_engine, test=True)
        app.key_order.typing_on.seconds = 0.0  # keys come as soon as a page is there
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: isinstance(app.screen, ConsentPage))
            await pilot.press("tab", "1")
            await next_page(pilot, "f2")
            assert isinstance(app.screen, TextPage)
            await next_page(pilot, "enter")
            await pilot.resize_terminal(*OF_A_GUESS)
            await pilot.press(*GUESS)
            await pilot.pause(0.5)
            save(pilot, "study-guess.svg")
            await pilot.resize_terminal(*SIZE)
            await pilot.press("up")  # the guess is given anew
            await guess_all(pilot, BEFORE)
            await talk(pilot)
            save(pilot, "study-talk.svg")
            await pilot.press("f2")
            await pilot.pause(0.5)
            await next_page(pilot, "y")
            await guess_all(pilot, AFTER)
            await until(pilot, lambda: isinstance(app.screen, DebriefingPage))
            save(pilot, "study-debriefing.svg")


def short_study(home: Path) -> LoadedStudy:
    """Return the study of `study new`, with fewer questions."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for before, after in SHORT.items():
        assert before in text
        text = text.replace(before, after)
    file = home / "study.toml"
    file.write_text(text, encoding="utf-8")
    return load_study(file)


async def next_page(pilot: Pilot[None], key: str) -> Screen[object]:
    """Press a key that leads to another page, and return that."""
    before = pilot.app.screen
    await pilot.press(key)
    await until(pilot, lambda: pilot.app.screen is not before)
    return pilot.app.screen


async def guess_all(pilot: Pilot[None], keys: Sequence[str]) -> None:
    """Press the same for each guess, and go on to the next one."""
    while isinstance(pilot.app.screen, GuessPage):
        await pilot.press(*keys)
        await next_page(pilot, "enter")


async def talk(pilot: Pilot[None]) -> None:
    """Say something, and let it be answered."""
    page = pilot.app.screen
    assert isinstance(page, TalkPage)
    for text in SAID:
        await until(pilot, lambda: page.composer.may_send and not page.replies.busy)
        page.composer.insert(text)
        await pilot.press("enter")
        await until(pilot, lambda: page.replies.busy or page.composer.may_send)
    await until(pilot, lambda: page.composer.may_send and not page.replies.busy)


if __name__ == "__main__":
    with own_home() as home:
        asyncio.run(main(home))
