"""Recognise the options that give no answer by their texts: one table for all importers, with three meanings.

- *Declined*: the question was put, and the person did not choose: "Don't know", "Refused", "No answer".
- *Not asked*: the question was not put to the person: "Inapplicable", "Not asked in this country". Who was not asked
  has not declined, and belongs into no figure.
- *Doubtful*: it stands outside the scale in one questionnaire and on it in another: "Other", "Depends".

Sources write them in many ways: "DK/NA", "98. Refused", "(VOL.) Don't know/Refused", "No answer (DO NOT READ)". An
option has a meaning if it consists of its phrases and of nothing else; remarks to the interviewer and codes do not
count. Whether it has a place on a scale all the same is decided in `missing_codes`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from eval.importers.building import Notes
from eval.importers.markup import bare

_REMEMBERED = 4096  # the options of a large table are the same few texts many thousands of times
COUNTED_AS_OPTIONS = "with options that decline but have a value (counted as options)"
COUNTED_AS_REFUSALS = "with options that have no value (counted as refusals)"

_REMARK = (
    r"vol(?:\.|unteered)?(?: only| response)?|spont(?:\.|aneous(?:ly)?)?|dnr|dns|unprompted|not prompted|interviewer|"
    r"(?:do not|dont|not) (?:read|prompt|probe|show|offer)(?: out| aloud| list)?|if volunteered"
)
_DECORATIONS = (
    re.compile(rf"[(\[{{<]\s*(?:{_REMARK}|m|(?:ftf|web|phone|mail) only|code -?\d+)\b[^)\]}}>]*[)\]}}>]"),
    re.compile(rf"^(?:{_REMARK})\s*[:.-]?\s+(?=\S)"),
    re.compile(rf"[\s,:;-]+(?:{_REMARK})\.?$"),
)
"""What a questionnaire says to the interviewer beside an option."""
_CODES = (
    re.compile(r"^(?:code )?[(\[]?[-+]?\d{1,5}(?:[/,]\s?[-+]?\d{1,5})*[)\]]?\s*[.:=)-]?\s*(?=[^\d\s.:=)-])"),
    re.compile(r"^[.(]?[a-z]\s?[.):]\s+(?=\S)"),
    re.compile(r"\s*(?:[(\[=:-]\s*)?(?<!\d)[-+]?\d{1,5}[)\]]?$"),
)
"""A number or a letter before the text, "99. Refused" or "d) Refused", and a number after it, "Refused (99)"."""
_INITIALS = re.compile(r"(?<![a-z])([a-z])[./]\s?([a-z])\.?(?![a-z])")  # n/a, D.K.
_SEPARATORS = re.compile(r"[/|,;:()\[\]{}+&.*?!\"_]|\s-+\s|\b(?:or|and)\b")

_SAY = (
    r"(?:say|answer|respond|state|disclose|tell|reply|share|comment|choose|judge|rate|decide|determine|specify|"
    r"evaluate|assess|give an? (?:answer|opinion)|have an opinion|express an opinion)"
)
_NOT = r"(?:do not|dont|does not|doesnt|did not|didnt)"
_PHRASES = (
    rf"dk|dkn|dkna|dknr|dkref|dkrf|dunno|{_NOT} know|dontknow",
    rf"rf|ref|refd|refused|refusal|refus(?:ed|es|e) to {_SAY}|declin(?:ed|es|e) to {_SAY}",
    rf"(?:would |id |do |does )?(?:rather|prefer(?:s|red)?|choo?ses?|wish(?:es)?|elect(?:s|ed)?) not(?: to)? {_SAY}",
    rf"{_NOT} (?:wish|want|like|care) to {_SAY}|(?:not willing|unwilling|not prepared) to {_SAY}|unwilling",
    rf"(?:can ?not|cant|could not|couldnt|will not|wont|would not|wouldnt|unable to|not able to) {_SAY}|unable",
    rf"(?:hard|difficult|impossible) to {_SAY}",
    rf"no (?:ans|answer|resp|response|reply|idea|comment)(?: given| recorded)?|{_NOT} (?:answer|respond)|nr|"
    r"(?:un|not )answered|answer refused|(?:un|not )disclosed",
    r"(?:item )?non-? ?response|no-response",
    rf"(?:have |has |had )?no opinion|{_NOT} have (?:an |any )?opinion|without (?:an )?opinion|"
    r"(?:have not|havent) formed (?:an )?opinion",
    rf"not (?:familiar enough|enough info(?:rmation)?) to {_SAY}",
    r"not sure|unsure",
    r"not (?:ascertained|stated|reported|given|known|recorded|specified|codeable|codable)",
    r"unknown|(?:item |user |other )?missing(?: values?| data| code| answer| response)?|no data",
    r"uncodeable|uncodable|not codeable|not codable|invalid(?: answer| response| code)?",
    r"skip|skipped|(?:question|web) skip(?:ped)?|web blank|(?:left )?blank"
    r"|skipped (?:on|in|by) .*|(?:interview )?break-?off",
)
_PHRASES_NOT_ASKED = (
    r"(?:question |item )?(?:was )?not asked(?: in| of| to)?(?: the| this| that)?"
    r"(?: (?:survey|country|wave|year|respondent|question|group|version|form|ballot|split))?",
    r"(?:not|non-?) ?applicable|inapplicable|na|nap|inap|inapp|iap|niu|not in universe",
    rf"(?:question )?{_NOT} apply",
    r"(?:legitimate|valid|logical) skip(?:ped)?|system missing|sysmis",
)
"""What is written for those to whom a question was not put, "NA" among it: so R writes what is missing."""
_WHO = r"(?:(?:i|im|i am|we|r|respondent|(?:s)?he|they)\s)?(?:(?:am|is|was|really|just|simply|still|honestly)\s)*"
_FILLING = (
    r"(?:\s(?:at all|right now|now|yet|at this time|enough(?: about (?:it|this|that))?|the answer|"
    r"(?:to )?(?:the|this|that) (?:question|item|survey)|either way|(?:about|on) (?:it|this|that)|to me|"
    rf"to {_SAY}))*"
)
_DECLINES = re.compile(rf"{_WHO}(?:{'|'.join(_PHRASES)}){_FILLING}")
_NOT_ASKED = re.compile(rf"{_WHO}(?:{'|'.join(_PHRASES_NOT_ASKED)}){_FILLING}")
_BESIDE = re.compile(
    rf"r|cs|ns|nk|dnk|undecided|uncertain|not certain|declined?|(?:{_NOT}|cant|can ?not) (?:remember|recall)|"
    r"(?:have not|havent|not|never) heard.*|(?:have not|havent) thought.*|web"
)
"""What declines too where it stands beside a phrase that does: "DK/CS", "Undecided/Don't know", "Don't know/Web"."""
_MISSING = ("missing;", "missing:", "missing -", "missing,", "other missing")
_INAPPLICABLE = ("inap.", "inap ", "iap ", "inapplicable")
_BLANK = frozenset({"", ".", "-", "nan", "null", "#null!", "<na>"})
"""What stands in the cell of a person for whom a table has nothing."""

_DOUBTFUL = re.compile(
    r"neither(?: one| of (?:these|them|the two|those|the above))?|both(?: equally| of (?:these|them))?|others?|"
    r"other (?:answer|response|reply|specify)|(?:please )?specify(?: below)?|another answer|"
    r"(?:something|anything) else|(?:it |that |this )?(?:all )?(?:depends|varies)(?: on .*)?|mixed(?: feelings)?|"
    r"undecided|uncertain|not certain|maybe|perhaps|none of (?:these|the above)|no (?:preference|views?)|"
    r"declined?|refuses?|"
    r"never heard of.*|(?:have not|havent|not) (?:heard|thought) .*|not heard.*|error|"
    r"(?:do not|dont) (?:care|understand)(?: .*)?|"
    r"too (?:early|soon|hard|difficult) to .*|(?:not enough|need more|insufficient) information|"
    rf"not (?:avail|available|relevant)(?: to me)?|(?:{_NOT}|cant|can ?not) (?:decide|remember|recall)"
)
"""Texts that stand outside the scale in one questionnaire and on it in another."""
_TELLING = re.compile(r"\b(sure|certain|know|knows|opinion|choose|asked|apply|applies|skip|skipped|missing|unknown)\b")


Meaning = Literal["declined", "not_asked", "doubtful"]


@lru_cache(maxsize=_REMEMBERED)
def meaning_of(option: str) -> Meaning | None:
    """Return what an option means that may give no answer; None for one that answers.

    One of several phrases that declines decides: "DK/NA" was declined. Doubtful are "Neither", "Depends", "Other", and
    what was not read to people.
    """
    text = _phrase(option)
    if text.startswith(_MISSING):
        return "declined"
    if text.startswith(_INAPPLICABLE):
        return "not_asked"
    parts = _parts(text)
    declining, not_asked = (any(map(phrases.fullmatch, parts)) for phrases in (_DECLINES, _NOT_ASKED))
    if (declining or not_asked) and all(_is_one_of(part, _DECLINES, _NOT_ASKED, _BESIDE) for part in parts):
        return "declined" if declining else "not_asked"
    doubtful = [_is_one_of(part, _DOUBTFUL, _DECLINES, _NOT_ASKED) for part in parts]
    if is_remark(option) or (parts and (all(doubtful) or (parts[0] == "none" and any(doubtful)))):
        return "doubtful"
    return None


def declines(option: str) -> bool:
    """Return whether an option declines to answer: "Refused", "DK/NA", "99. Don't know (VOL.)", "Missing; Unknown"."""
    return meaning_of(option) == "declined"


def was_not_asked(option: str) -> bool:
    """Return whether an option stands for people to whom the question was not put: "Inapplicable", "IAP", "NA"."""
    return meaning_of(option) == "not_asked"


def may_decline(option: str) -> bool:
    """Return whether an option may stand outside a scale: "Neither", "Depends", "Other", or not read to people."""
    return meaning_of(option) == "doubtful"


def is_blank(cell: str) -> bool:
    """Return whether the cell of a person is empty, or has what programs write for that, such as "nan" and "."."""
    return cell.strip().casefold() in _BLANK


def is_remark(option: str) -> bool:
    """Return whether an option was not read to people: it is marked "(VOL.)", "(DO NOT READ)" or the like."""
    text = _quiet(option)
    return any(decoration.search(text) for decoration in _DECORATIONS)


def answers_beside(option: str, others: Sequence[str]) -> bool:
    """Return whether a text that gives no answer may be an end of a scale, since others have its word.

    "Not sure" is one beside "Very sure", and "Don't know" beside "Know a little".
    """
    words = _telling(option)
    beside = (other for other in others if not declines(other) and not was_not_asked(other))
    return any(words & _telling(other) for other in beside)


def _telling(option: str) -> set[str]:
    """Return the words of a text that tell what a scale is about, by their beginnings: "apply" and "applies"."""
    return {word[:4] for word in _TELLING.findall(_phrase(option))}


def parts_fit(question: str, options: Sequence[str], refusals: Sequence[str], notes: Notes) -> bool:
    """Return whether a source can mean these options and refusals, where it has refusals after the options with values.

    If an option gives no answer and a "refusal" does, the values belong to other texts: False, with a note. "Refusals"
    that may answer are named in a note.
    """
    declining = [text for text in options if declines(text) or was_not_asked(text)]
    answering = [text for text in refusals if not declines(text) and not was_not_asked(text)]
    if declining and answering:
        reason = "skipped (an option that declines has a value, and one that answers has none)"
        notes.add("question", reason, named(question, declining + answering))
        return False
    if answering:
        notes.add("question", COUNTED_AS_REFUSALS, named(question, answering))
    return True


def named(question: str, texts: Sequence[str]) -> str:
    """Return a question and some of its texts as notes have them."""
    return f"{question}: {', '.join(texts)}"


def _quiet(option: str) -> str:
    return bare(option).casefold().replace("'", "")


def _phrase(option: str) -> str:
    """Return an option in small letters, without apostrophes, remarks to the interviewer and codes."""
    text = _quiet(option)
    for decoration in _DECORATIONS:
        text = decoration.sub(" ", text)
    text = _INITIALS.sub(r"\1\2", " ".join(text.split()))
    for code in _CODES:
        text = code.sub("", text, count=1)
    return text.strip(" .:;,*-=")


def _is_one_of(part: str, *phrases: re.Pattern[str]) -> bool:
    return any(each.fullmatch(part) for each in phrases)


def _parts(text: str) -> list[str]:
    parts = (part.strip(" -='") for part in _SEPARATORS.split(text))
    return [" ".join(part.split()) for part in parts if part]
