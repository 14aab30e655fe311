"""How many people of some groups combined a survey counts, question by question: from few people little is learnt."""

from collections.abc import Sequence
from statistics import median

from chat_personas.cli.exit_codes import UsageError
from chat_personas.text import counted
from eval.surveys.figures import human_figures
from eval.surveys.model import Question, Survey
from personas import Group, clash


def groups_meant(written: Sequence[str]) -> tuple[Group, ...]:
    """Return groups that are written `ATTRIBUTE=value` on the command line, to be combined.

    Raises:
        PersonaError: there is no such group.
        UsageError: nobody can belong to all of them.
    """
    groups = tuple(Group.parse(group) for group in written)
    found = clash(groups)
    if found is not None:
        raise UsageError(
            f"--group: {found.problem}; keep one of them: several are combined, for the people who belong to all"
        )
    return groups


def people_counted(survey: Survey, combined: Sequence[Group]) -> list[str]:
    """Return lines about the people who belong to all of the groups `combined`."""
    who = " with ".join(map(str, combined))
    asked = [_people(question, combined) for question in survey.questions]
    people = sorted(number for number in asked if number is not None)
    if not people:
        return [f"{who}: no figures"]
    known = [number for number in people if number == number]  # NaN where a source has proportions only
    if not known:
        return [f"{who}: figures for {counted(len(people), 'question')}, without the number of people"]
    spread = f"{known[0]:.0f} to {known[-1]:.0f} people, median {median(known):.0f}"
    return [f"{who}: figures for {counted(len(people), 'question')}, each of {spread}"]


def _people(question: Question, groups: Sequence[Group]) -> float | None:
    """Return how many people chose an option or refused, the effective number where only that is known."""
    figures = human_figures(question, groups)
    if figures is None:
        return None
    if question.combinations is not None:
        return question.combinations.asked(question, groups)
    return figures.n / (1 - figures.refusal)
