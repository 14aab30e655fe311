"""What is asked before a conversation is deleted, wherever that is wanted, and what is said afterwards."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from textual.app import App

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus, UnknownConversationError
from chat_personas.reporting.wording.conversations import ALREADY_DELETED
from chat_personas.tui.screens.deletion import agreed_to_delete, delete_for_good
from chat_personas.tui.screens.dialogs import ConfirmScreen
from personas import load_persona
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import talk
from tests.fakes import FakeEngine


class Person:
    """Somebody who is shown a question in place of a screen, and answers all of them alike."""

    def __init__(self, *, agrees: bool) -> None:
        self.asked: list[str] = []
        self._agrees = agrees

    async def push_screen_wait(self, screen: ConfirmScreen) -> bool:
        """As `App.push_screen_wait`."""
        self.asked.append(screen._question)
        return self._agrees

    @property
    def app(self) -> "App[object]":
        """This person, where an application is wanted."""
        return cast("App[object]", cast("Any", self))


async def test_a_conversation_is_named_in_the_question_and_stays_where_it_is_not_wanted(corpus: Corpus) -> None:
    key, person = talk(corpus, ("Hello", "Good day.")), Person(agrees=False)
    assert await agreed_to_delete(person.app, corpus, key, "Guns", remark="U brings it back.") == ()
    assert person.asked == ["Delete “Guns” with all its messages and measurements? U brings it back."]
    assert corpus.conversation_ids() == (key,)


async def test_the_question_says_that_a_participant_of_a_study_said_it(corpus: Corpus) -> None:
    key, person = conversation_of(corpus, take_part(corpus, ("Guns?", "Fewer."))), Person(agrees=False)
    await agreed_to_delete(person.app, corpus, key, "Guns")
    assert person.asked[0].endswith("A participant of a study said it: the study's table will lack it.")


async def test_both_sides_of_a_debate_go_together(corpus: Corpus) -> None:
    engine = FakeEngine()
    debate = Debate.start(corpus, (engine, engine), (load_persona("democrat"), load_persona("republican")), "Guns?", 1)
    first, second = (side.id for side in debate.sides)
    person = Person(agrees=True)
    assert set(await agreed_to_delete(person.app, corpus, second, "Guns?")) == {first, second}
    assert await delete_for_good(corpus, second) == "Deleted."
    assert corpus.conversation_ids() == ()


async def test_what_another_program_has_deleted_meanwhile_is_gone_as_was_wanted(corpus: Corpus) -> None:
    key = talk(corpus, ("Hello", "Good day."))
    assert await delete_for_good(corpus, key) == "Deleted."
    assert await delete_for_good(corpus, key) == ALREADY_DELETED
    with pytest.raises(UnknownConversationError):
        corpus.conversation(key)


async def test_it_is_said_why_the_text_is_still_on_the_disk(corpus: Corpus, corpus_file: Path) -> None:
    key = talk(corpus, ("Hello", "Good day."))
    with closing(sqlite3.connect(corpus_file)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM messages").fetchone()
        said = await delete_for_good(corpus, key)
    assert said == (
        "Deleted; traces of the text are left on the disk (something else is using the corpus); "
        "they are erased when the corpus is opened again."
    )
    assert corpus.conversation_ids() == ()
