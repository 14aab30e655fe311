"""Scoring answers that were produced elsewhere: a report for each group in the file, as if a model had been asked."""

import time
from collections.abc import Iterator

from eval.answer_file import AnswerFile, GivenAnswers, answer_from
from eval.answers import Answer, Failure, Refusals
from eval.report import FROM_FILE, ModelInfo, PersonaInfo, Report
from eval.report_from import Circumstances, group_names, report_from
from eval.scoring.scores import score
from eval.surveys.figures import choose, human_figures
from eval.surveys.loading import LoadedSurvey

NOT_KNOWN = "unknown"


def evaluate_answers(
    answers: AnswerFile,
    survey: LoadedSurvey,
    *,
    limit: int | None = None,
    seed: int = 0,
    refusals: Refusals = "apart",
) -> Iterator[Report]:
    """Yield the report on each group in the file, scored on the questions that were answered for it.

    With refusals `apart` the refusal options are dropped and the rest renormalised; `as-option` keeps them and scores
    the masses as they are. `limit` scores only so many of the questions with figures for the group, chosen by
    `seed` as `evaluate` does. What cannot be scored is among the failures of the report. How the answers were obtained
    is not in the file: the report has the file in the place of the persona's and of the model, `unknown` steering and
    expression, no option order and an empty `prompt_sha256`.
    """
    for given in answers.given:
        yield _report(answers, given, survey, limit, seed, refusals)


def _report(
    file: AnswerFile, given: GivenAnswers, survey: LoadedSurvey, limit: int | None, seed: int, refusals: Refusals
) -> Report:
    started = time.perf_counter()
    answered = [question for question in survey.survey.questions if question.id in given.by_question]
    comparable = [question for question in answered if human_figures(question, given.groups) is not None]
    incomparable = [question for question in answered if human_figures(question, given.groups) is None]
    questions = (*choose(comparable, limit, seed), *incomparable)
    outcomes = [answer_from(given.by_question[question.id], question) for question in questions]
    scored = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    card = score(survey.survey, given.groups, scored, refusals=refusals, seed=seed)
    return report_from(
        card,
        Circumstances(
            persona=_persona(file, given),
            model=_model(file),
            survey=survey,
            questions=questions,
            steering=NOT_KNOWN,
            expression=NOT_KNOWN,
            orders=(),
            seed=seed,
            prompt_sha256="",
            failures=[outcome for outcome in outcomes if isinstance(outcome, Failure)],
            seconds=time.perf_counter() - started,
            tokens_decoded=0,
            tokens_reused=0,
        ),
    )


def _persona(file: AnswerFile, given: GivenAnswers) -> PersonaInfo:
    """Return the group in the place of a persona: no name was given to whoever answered."""
    return PersonaInfo(
        name=given.name,
        file=file.name,
        sha256=file.sha256,
        groups=group_names(given.groups),
    )


def _model(file: AnswerFile) -> ModelInfo:
    return ModelInfo(
        name=file.name,
        engine=FROM_FILE,
        sha256=None,
        quantization=None,
        context_length=None,
        flash_attention=None,
    )
