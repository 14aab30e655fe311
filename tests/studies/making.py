"""A small study for tests: the one that `study new` writes, and people who go through it."""

from collections.abc import Mapping
from pathlib import Path

from chat_personas.corpus import Corpus
from chat_personas.studies.participation import Identity, Participation
from chat_personas.studies.steps import AskedItem, Ended, Guessing, Questionnaire, Step, Talk
from chat_personas.studies.study import TEMPLATE, LoadedStudy, load_study
from tests.corpus.making import talk

COMPREHENSION = """
schema = "chat-personas/instrument@1"
name = "check"
title = "Before you begin"
[[items]]
id = "task"
kind = "choice"
text = "What will you guess?"
options = [{ code = "own", text = "My own answers" }, { code = "theirs", text = "The answers of a group" }]
correct = "theirs"
tries = 2
"""
"""An instrument with one question about the study, which may be answered twice."""


def write_study(folder: Path, changes: Mapping[str, str] | None = None) -> Path:
    """Write the study of `study new` with a name in its consent and some of its text replaced."""
    text = TEMPLATE.read_text(encoding="utf-8").replace("NAME, ADDRESS", "Ada Lovelace, ada@example.org")
    for old, new in (changes or {}).items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def made_study(folder: Path, changes: Mapping[str, str] | None = None) -> LoadedStudy:
    return load_study(write_study(folder, changes))


def begin(corpus: Corpus, study: LoadedStudy, name: str | None = None, *, test: bool = False) -> Participation:
    return Participation.begin(corpus, study, Identity(participant=name), adult=True, test=test)


def default_answer(asked: AskedItem) -> str | float:
    """Return an answer that is allowed: the first option, the lowest number, or words."""
    if asked.item.kind == "choice":
        return asked.choices[0].code
    return "words" if asked.item.kind == "text" else asked.item.low or 0.0


def do(corpus: Corpus, way: Participation, step: Step) -> None:
    """Do one step as a person would, with the allowed answers that come first and even guesses."""
    if isinstance(step, Questionnaire):
        for sheet in step.sheets:
            for asked in sheet.items:
                correct = asked.item.correct
                way.answer(asked, correct if correct is not None else default_answer(asked), 1.0)
        way.finish(step.stage)
    elif isinstance(step, Guessing):
        for question in step.missing:
            way.guess(step, question, [100 / len(question.options)] * len(question.options), 2.0)
        way.finish(step.stage)
    elif isinstance(step, Talk):
        talked = talk(corpus, ("Hello", "Good day."), ("Guns?", "Fewer."), ("Why?", "For the children."))
        way.attach(corpus.conversation(talked))
        way.finish("conversation")
    else:
        way.finish("debriefing")


def go_through(corpus: Corpus, way: Participation, until: str | None = None) -> Ended | None:
    """Do step after step; stop before the stage `until`."""
    while not isinstance(step := way.next_step(), Ended):
        if way.stage == until:
            return None
        do(corpus, way, step)
    return step
