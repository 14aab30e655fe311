"""A reporting checklist for a paper, filled in where a run knows the answer and visibly open where it does not.

The items are those of GUIDE-LLM, a checklist for studies with language models in the behavioural and social sciences
(https://www.llm-checklist.com), with its letters and numbers and in our own words. It is no substitute for the form of
the journal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat_personas.models import BASE_MODEL
from chat_personas.reporting.html.provenance import command
from chat_personas.reporting.numbers import with_interval
from chat_personas.reporting.verdicts import (
    judge_lines,
    not_shown,
    not_valid,
    unread_replies,
    verdict_lines,
    why_not_shown,
)
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    THIS_PERSONA,
    figures_described,
    groups_label,
    persona_and_references,
    steered_name,
    temperatures,
    worth_lines,
)
from chat_personas.text import pluralize, printable
from eval.evaluation import Asked
from eval.expression.methods import METHODS
from eval.orders import TWO
from eval.report import FROM_FILE, Report

OPEN = "**to be filled in by the author:**"

_QUOTED = "  >"
"""How a line of a quotation within an answer begins."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its number in GUIDE-LLM (none for an optional one), what it asks for, and the answers of a run."""

    number: str
    asks: str
    answers: tuple[str, ...]


def checklist(reports: Sequence[Report], asked: Sequence[Asked | None]) -> str:
    """Return the checklist in Markdown, a part for each report; `asked` has their prompts where they are at hand."""
    parts = [_part(report, prompts) for report, prompts in zip(reports, asked, strict=True)]
    return "\n".join([*_HEAD, *(line for part in parts for line in part)])


_HEAD = (
    "# Reporting checklist, after GUIDE-LLM",
    "",
    "The items follow GUIDE-LLM (https://www.llm-checklist.com) in our own words.",
    f"What a run does not know is marked {OPEN.strip('*')}",
)


def _part(report: Report, asked: Asked | None) -> Iterator[str]:
    yield from ("", f"## {_escaped(steered_name(report))}, {_escaped(report.expression)}")
    for item in (*items(report, asked), *_optional(report)):
        yield from ("", f"### {item.number} {item.asks}" if item.number else f"### Optional: {item.asks}", "")
        for answer in item.answers:
            yield answer if answer.startswith(_QUOTED) else f"- {_escaped(answer)}"


def _escaped(text: str) -> str:
    """Return a text on one line and without markup: names in it come from files that somebody else may have written."""
    return " ".join(printable(text).split()).replace("<", "&lt;")


def items(report: Report, asked: Asked | None) -> tuple[Item, ...]:
    """Return the 14 items for one report."""
    return (
        Item("A.1", "What the model was used for", tuple(_use(report))),
        Item("A.2", "People in the loop, or fully automated", tuple(_loop(report))),
        Item("B.1", "The model: name, version, date of use, source", tuple(_model(report))),
        Item("B.2", "Access", tuple(_access(report))),
        Item("B.3", "Parameters and number of runs", tuple(_parameters(report))),
        Item("B.4", "Fine-tuning and customisation", tuple(_customisation(report))),
        Item("B.5", "State across requests", tuple(_state(report))),
        Item("C.1", "The exact prompts", tuple(_prompts(report, asked))),
        Item("C.2", "System-wide instructions", tuple(_system(report, asked))),
        Item("D.1", "Personal and sensitive data", tuple(_data(report))),
        Item("E.1", "Validation against people", tuple(_validation(report))),
        Item("E.2", "Filtering and post-processing", tuple(_processing(report))),
        Item("F.1", "Code", tuple(_code(report))),
        Item("G.1", "Funding and other interests", (f"{OPEN} funding, support, relations to the model's provider",)),
    )


def _use(report: Report) -> Iterator[str]:
    asked = f"{pluralize(report.survey.questions, 'question')} of the survey {report.survey.name}"
    yield f"simulated survey answers, for {groups_label(report.persona.groups)}: {asked}"
    yield f"{OPEN} what the answers are used for, and all other uses of language models in the study"


def _loop(report: Report) -> Iterator[str]:
    if _from_file(report):
        yield f"{OPEN} how the answers in {printable(report.model.name)} were obtained"
        return
    yield "fully automated: every question was put, read and scored by the program"
    yield f"{OPEN} whether anybody changed or selected answers afterwards"


def _model(report: Report) -> Iterator[str]:
    model = report.model
    if _from_file(report):
        yield f"answers from the file {printable(model.name)}, SHA-256 {report.persona.sha256}"
        if model.answers_of is not None:
            yield f"of the model, as the file says: {printable(model.answers_of)}"
        yield f"{OPEN} the model behind them: name, provider, size, version, date of use, source"
        return
    yield f"name: {printable(model.name)}; date of use: {report.created[:10]}"
    yield (
        f"SHA-256 of the file: {model.sha256}" if model.sha256 else f"{OPEN} the version behind this name on that date"
    )
    if model.quantization is not None:
        yield f"quantisation: {model.quantization}"
    if model.prompt_format == "plain":
        yield f"it is {BASE_MODEL}; it was asked in plain text, without a chat template"
    if model.demonstration:
        yield f"it is a {DEMONSTRATION}"
    yield f"{OPEN} provider, size in parameters, where to obtain it"


def _access(report: Report) -> Iterator[str]:
    engines = {"llama": "run locally by llama.cpp", "openai": "through an OpenAI-compatible API"}
    if not _from_file(report):
        built = f" ({report.model.build})" if report.model.build else ""
        yield f"{engines.get(report.model.engine, report.model.engine)}{built}; every question is put by itself"
    else:
        yield f"{OPEN} API, web interface or local"


def _parameters(report: Report) -> Iterator[str]:
    if _from_file(report):
        yield f"{OPEN} temperature, other sampling parameters, seed, number of runs"
        return
    replies, model = report.replies, report.model
    if replies is None:
        yield "nothing was drawn: the model's own probabilities of the answer letters"
    else:
        drawn = f"temperature {replies.temperature:g}, top p {replies.top_p:g}, at most {replies.max_tokens:,} tokens"
        yield f"{pluralize(replies.per_prompt, 'reply', 'replies')} to each prompt, {drawn}"
    upto = "" if len(report.orders) == TWO else "up to "
    yield f"one run; every question in {upto}{pluralize(len(report.orders), 'option order')}; seed {report.seed}"
    if model.context_length is not None:
        yield f"context: {pluralize(model.context_length, 'token')}"
    if model.flash_attention is not None:
        yield f"flash attention: {'on' if model.flash_attention else 'off'}"


def _customisation(report: Report) -> Iterator[str]:
    if not _from_file(report):
        shots = f" with answers of the group to {pluralize(report.shots, 'other question')}" if report.shots else ""
        yield f"in this run none of the weights was changed; steering by prompt: {report.steering}{shots}"
    yield f"{OPEN} whether the model was fine-tuned before"


def _state(report: Report) -> Iterator[str]:
    if _from_file(report):
        yield f"{OPEN} whether several questions were asked in one session"
    else:
        yield "none: every question follows the system prompt alone, and no question sees the answer to another"
    if report.timing.remembered:
        since = report.timing.remembered_since or "an earlier run"
        yield f"{pluralize(report.timing.remembered, 'answer')} of the same model from the cache, since {since}"


def _prompts(report: Report, asked: Asked | None) -> Iterator[str]:
    if report.prompt_sha256:
        yield f"SHA-256 of all prompts as asked: {report.prompt_sha256}"
    if asked is not None and asked.questions:
        method = next(method for name, method in METHODS.items() if name == report.expression)
        yield "the first prompt:"
        yield from _block(method.prompts(asked.questions[0])[0])
    yield f"{OPEN} all prompts, or where they are published"


def _system(report: Report, asked: Asked | None) -> Iterator[str]:
    if asked is None:
        named = f"persona {printable(report.persona.name)}, file {printable(report.persona.file)}"
        yield f"{named}, SHA-256 {report.persona.sha256}"
        yield f"{OPEN} the system prompt"
    elif not asked.prefix:
        yield "none"
    else:
        yield "the system prompt:"
        yield from _block(asked.prefix[0].content)


def _block(text: str) -> Iterator[str]:
    """Yield a text as a quotation within a list entry, so that nothing in it is taken for Markdown structure."""
    for line in text.splitlines():
        yield f"{_QUOTED} {_code_span(line)}".rstrip()


def _code_span(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39))}`" if text.strip() else ""


def _data(report: Report) -> Iterator[str]:
    yield "the run used no data about individual people: survey questions, the persona, and people's figures by group"
    if report.model.engine == "openai":
        yield f"prompts were sent to {printable(report.model.name)}"
    yield f"{OPEN} licences of survey and model, and other personal data in the study"


def _validation(report: Report) -> Iterator[str]:
    survey = report.survey
    yield f"against the survey {survey.name} ({figures_described(survey)}), SHA-256 {survey.sha256}"
    yield from verdict_lines(report)
    if not_shown(report):
        yield why_not_shown(report)
    else:
        group = groups_label(report.persona.groups)
        for name, score in persona_and_references(report):
            yield f"alignment with {group}, {name}: {with_interval(score)}"
        yield f"total variation from {group}, {THIS_PERSONA}: {with_interval(report.scores.total_variation)}"
        yield from worth_lines(report)
    yield from judge_lines(report)
    if report.model.demonstration:
        yield f"limitation: {DEMONSTRATION}"
    if survey.paraphrased:
        yield "limitation: questions are worded differently from what the respondents read"
    yield f"{OPEN} validation by people, and for questions that are not in the survey"


def _processing(report: Report) -> Iterator[str]:
    apart = "left out, and the rest made to sum to 1" if report.refusals == "apart" else "scored as one more option"
    yield f"refusals: {apart}"
    if len(report.orders) > 1:
        yield "the distributions in the option orders of a question are averaged"
    invalid = sum(not question.valid for question in report.questions)
    yield not_valid(invalid, len(report.questions)) if invalid else "no answer was marked not valid"
    failed = len(report.failures)
    were = "was" if failed == 1 else "were"
    yield f"{pluralize(failed, 'question')} failed and {were} left out" if failed else "no question failed"
    yield from unread_replies(report)
    if report.calibration is not None:
        yield temperatures(report.calibration)
    yield f"{OPEN} other filtering"


def _code(report: Report) -> Iterator[str]:
    yield f"chat-personas {report.version}: {_code_span(command(report))}"
    yield f"{OPEN} where report, persona file and scripts are published"


def _optional(report: Report) -> tuple[Item, ...]:
    return (
        Item("", "Why this model, why these prompts", (f"{OPEN} reasons",)),
        Item("", "Comparison with other methods", ("reference points: see E.1", f"{OPEN} other models")),
        Item("", "Leakage of training data", (f"{OPEN} whether the survey may be among the model's training data",)),
        Item("", "Bias", (f"{OPEN} groups for which answers may be worse",)),
        Item("", "Transcripts", ("the answers to all questions are in the report", f"{OPEN} where it is published")),
        Item("", "Ethics of the research", (f"{OPEN} approval, harm, what readers could take it for",)),
        Item("", "Computation", (*_cost(report), f"{OPEN} machine")),
    )


def _cost(report: Report) -> Iterator[str]:
    """Yield what the run took; what answers from the cache or from a file took is not in it, and must not read as 0."""
    timing = report.timing
    if _from_file(report):
        yield f"{timing.seconds:.0f} s to score them"
        yield f"{OPEN} what the answers in the file took"
        return
    decoded = "" if timing.tokens_decoded is None else f", {pluralize(timing.tokens_decoded, 'token')} decoded"
    if not timing.remembered:
        yield f"{timing.seconds:.0f} s{decoded}"
        return
    since = f", computed from {timing.remembered_since} on" if timing.remembered_since else ""
    yield f"{timing.seconds:.0f} s{decoded} in this run, which is not the cost of the answers from the cache"
    yield f"{pluralize(timing.remembered, 'answer')} from the cache{since}"
    yield f"{OPEN} what those took, or all without the cache (--no-cache)"


def _from_file(report: Report) -> bool:
    return report.model.engine == FROM_FILE
