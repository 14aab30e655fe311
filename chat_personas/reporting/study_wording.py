"""What participants of a study read, the same on the screen and in the line mode."""

from chat_personas.paths import as_started
from chat_personas.studies.participation import GUESSES_AGAIN, Participation
from chat_personas.studies.steps import Debriefing, Guessing
from chat_personas.studies.study import LoadedStudy
from chat_personas.text import pluralize

OF_AGE = "Are you 18 or older?"
TOO_YOUNG = "This study is for people of 18 or older. Thank you for your interest; nothing was stored."
TRACES = (
    "May it be stored how you type: how many keys, how long until the first one, and how much was pasted? "
    "Never which keys."
)
AGREE = "Do you agree to take part?"
NOT_AGREED = "You do not take part, and nothing was stored. Thank you for your interest."
TOO_LONG = "This message is too long for your partner, and was not sent. Please write a shorter one."
TRY_AGAIN = "That is not right. Please read again, and answer once more."
PARTNER = "Your partner"
READ = "I have read this"
LEFT = "You have left the study. Thank you for the time that you gave."
THANKS = "That was all. Thank you for taking part!"


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text as single lines: lines that a file breaks to its own width are joined."""
    if text.startswith(" ") or not text.strip():
        return [text]
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


def talk_title(way: Participation, title: str) -> str:
    """Return what the persona is called: its title, or nothing about it in a blind study."""
    return PARTNER if way.study.study.blind else title


def talk_rules(study: LoadedStudy) -> str:
    """Say how many messages the talk takes."""
    talk = study.study.conversation
    return f"Write at least {talk.least_turns} and at most {pluralize(talk.most_turns, 'message')}."


def guess_question(step: Guessing) -> str:
    """Return what is to be guessed."""
    if step.stage == GUESSES_AGAIN:
        return f"Once more, as it seems to you now: of 100 {step.people}, how many would choose each answer?"
    return f"Of 100 {step.people}, how many would choose each answer?"


def debriefing_lines(study: LoadedStudy, step: Debriefing) -> tuple[str, ...]:
    """Return what is said before the figures: that the partner was a model, and where the figures are from."""
    survey = study.survey.survey
    years = f" in {_years(survey.years)}" if survey.years else ""
    lines = [f"Here is how {step.people} really answered when they were asked{years}.", f"Source: {survey.source}"]
    if step.conversation_id is not None:
        lines.insert(
            0,
            "Your partner in the conversation was a computer program, a language model that was told to speak as one "
            f"of the {step.people}. What it said need not be what {step.people} think.",
        )
    return (*lines, *([study.study.debriefing] if study.study.debriefing else []))


def withdrawal_line(way: Participation) -> str:
    """Say how to have everything deleted later."""
    return f"If you want everything deleted later, tell the researchers this code: {way.row.participant_id}"


def code_line(code: str | None) -> str | None:
    """Return the line with the code that a person takes back, if there is one."""
    return None if code is None else f"Your code: {code}"


def go_on_command(study: LoadedStudy, way: Participation) -> str:
    """Return the command with which a participation goes on."""
    return as_started(f"chat-personas study run {study.path.name} --resume --participation {way.id}")


def _years(years: tuple[int, ...]) -> str:
    first, last = min(years), max(years)
    return str(first) if first == last else f"{first} to {last}"
