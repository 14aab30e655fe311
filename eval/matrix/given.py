"""Rows of a matrix that no model gave: answers from a file, such as those of human annotators or published ones.

A file need not say how its answers were obtained; such a row is taken as it is given, and its verdict is `given`. Where
it says what was found of the measurement that it was saved from, that is the verdict.
"""

from collections.abc import Iterator, Mapping, Sequence

from eval.answer_files import AnswerFile, GivenAnswers, answer_from
from eval.errors import AnswerError
from eval.matrix.asking import PromptAnswers
from eval.matrix.models import AnswersInfo
from eval.matrix.tables import MatrixSource
from eval.surveys.model import Question
from personas.inputs.suggestions import quoted

NOT_KNOWN = "unknown"
"""The steering of answers from a file."""
NOT_IN_FILE = "no answer in the file"
"""Why a question of the survey has no answer in such a row."""


def given_rows(
    answers: Mapping[str, AnswerFile], questions: Sequence[Question], taken: Sequence[str]
) -> tuple[MatrixSource, ...]:
    """Return a row for each group in each file of `answers`, which are by label; `taken` are names of other rows.

    A row is named by its label, with the group where its file has several.

    Raises:
        AnswerError: two rows would have the same name.
    """
    found: list[MatrixSource] = []
    for source in _sources(answers, questions):
        if source.name in (*taken, *(one.name for one in found)):
            raise AnswerError(f"two rows are called {quoted(source.name)}; give the file another label, as LABEL=FILE")
        found.append(source)
    return tuple(found)


def _sources(answers: Mapping[str, AnswerFile], questions: Sequence[Question]) -> Iterator[MatrixSource]:
    for label, file in answers.items():
        for given in file.given:
            info = AnswersInfo(label=label, file=file.name, sha256=file.sha256, demonstration=given.demonstration)
            name = label if len(file.given) == 1 else f"{label}: {given.name}"
            yield MatrixSource(name, NOT_KNOWN, given.groups, _answers(given, questions), info)


def _answers(given: GivenAnswers, questions: Sequence[Question]) -> PromptAnswers:
    collected = PromptAnswers(recorded=given.finding)
    for question in questions:
        line = given.by_question.get(question.id)
        if line is None:
            collected.failures[question.id] = NOT_IN_FILE
        else:
            collected.add(answer_from(line, question))
    return collected
