"""How a run can be repeated, and what went wrong in it: the command, recorded hashes and settings, failures.

Nothing about the machine or the person that ran it is shown.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from pydantic import ValidationError

from chat_personas.models import BASE_MODEL, POCKET
from chat_personas.reporting.html.layout import ReportSection, definitions, table
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import plain
from chat_personas.reporting.verdicts import not_shown, why_not_shown
from chat_personas.reporting.wording.measurements import RECURRENT, figures_described, sentence
from chat_personas.text import pluralize
from eval.answers import reason
from eval.expression.methods import METHODS
from eval.matrix.models import MatrixReport
from eval.orders import TWO
from eval.report import (
    FROM_FILE,
    FailureInfo,
    JudgeInfo,
    ModelInfo,
    PersonaInfo,
    QuestionInfo,
    RepliesInfo,
    Report,
    SurveyInfo,
    Timing,
)
from personas import Group, library_names
from personas.composing import composed

NO_DIRECTORIES = "file names are given without directories"


def repeat(section: ReportSection) -> Iterator[Node]:
    """Yield the command that gives the same figures from the same files, and the hashes by which to compare files."""
    yield element("pre", element("code", command(section.report)))
    yield element("p", f"Use files with the hashes below; {NO_DIRECTORIES}.", class_="note")
    yield facts(_facts(section.report))


def command(report: Report) -> str:
    """Return the command line that repeats the evaluation of one persona in one expression."""
    return shlex.join(["chat-personas", "eval", *_words(report)])


def _words(report: Report) -> Iterator[str]:
    from_file = report.model.engine == FROM_FILE
    yield from ("--answers", report.persona.file) if from_file else (persona_option(report.persona),)
    yield from ("--survey", report.survey.name)
    if not from_file:
        yield from (*model_options(report.model), "--steering", report.steering)
        yield from () if report.shots is None else ("--shots", str(report.shots))
        yield from expression_options(report)
    yield from ("--seed", str(report.seed), "--refusals", report.refusals)
    if not from_file:
        yield from ("--limit", str(report.survey.questions))
    if report.calibration is not None:
        yield "--calibrate"


def expression_options(report: Report | MatrixReport) -> Iterator[str]:
    """Yield the options that ask with the same expression again."""
    yield from ("--expression", report.expression)
    if report.replies is not None and any(report.expression == name and METHODS[name].several for name in METHODS):
        yield from ("--samples", str(report.replies.per_prompt))
    if report.judge is not None and not _judged_by_itself(report, report.judge):
        yield from ("--judge", model_option(report.judge))
    drawn = sum(order.startswith("shuffled") for order in report.orders)
    if drawn:
        yield from ("--orders", str(max(drawn, TWO + 1)))  # of two options there are no more than two orders
    elif any(order.startswith("rotated") for order in report.orders):
        yield from ("--orders", "cyclic")


def _judged_by_itself(report: Report | MatrixReport, judge: JudgeInfo) -> bool:
    return (judge.name, judge.engine, judge.sha256) == (report.model.name, report.model.engine, report.model.sha256)


def persona_option(persona: PersonaInfo) -> str:
    """Return the argument that names this persona again: a name in the library, its groups, or its file's base name."""
    if _composed(persona):
        return ",".join(f"{group.attribute}={group.value}" for group in persona.groups)
    return persona.name if persona.file == f"{persona.name}.toml" and persona.name in library_names() else persona.file


def _composed(persona: PersonaInfo) -> bool:
    """Whether the persona had no file: it is composed of its groups by whoever writes them."""
    try:
        groups = [Group(attribute=group.attribute, value=group.value) for group in persona.groups]
    except ValidationError:  # a report may hold anything
        return False
    return bool(groups) and composed(groups).sha256 == persona.sha256


def model_options(model: ModelInfo) -> list[str]:
    """Return the options that ask this model again in the same form; files go by their base names."""
    template = [] if model.template is None else ["--template", model.template]
    return ["--model", model_option(model), *template]


def model_option(model: ModelInfo | JudgeInfo) -> str:
    """Return the value of `--model` that asks this model again; a file goes by its base name."""
    is_file = model.engine == "llama" and model.name != POCKET
    return f"{model.name}.gguf" if is_file and not model.name.endswith(".gguf") else model.name


def facts(pairs: Iterable[tuple[str, str | None]]) -> Element:
    """Return the recorded facts of a run, in a type in which hashes can be compared."""
    return definitions((name, element("code", value) if value else None) for name, value in pairs)


def _facts(report: Report) -> Iterator[tuple[str, str | None]]:
    persona = report.persona
    groups = " and ".join(f"{group.attribute}={group.value}" for group in persona.groups)
    yield "date", report.created
    yield "version", f"chat-personas {report.version}"
    yield "persona", f"{persona.name} ({persona.file})"
    yield "persona sha256", persona.sha256
    yield "groups", groups or "everyone"
    yield from model_facts(report.model)
    yield from survey_facts(report.survey)
    yield "steering", report.steering
    yield "shots", None if report.shots is None else f"{pluralize(report.shots, 'other question')} before each"
    yield from asking_facts(report)
    yield "refusals", report.refusals
    yield "seed", str(report.seed)
    yield "prompt sha256", report.prompt_sha256
    yield from timing_facts(report.timing)


def model_facts(model: ModelInfo) -> Iterator[tuple[str, str | None]]:
    """Yield what was recorded about a model."""
    yield ("answers", model.name) if model.engine == FROM_FILE else ("model", f"{model.name} ({model.engine})")
    yield "answers of", model.answers_of
    yield "asked in", _asked_in(model)
    yield "layers", RECURRENT if model.recurrent else None
    yield "model sha256", model.sha256
    yield "quantization", model.quantization
    yield "context length", None if model.context_length is None else str(model.context_length)
    yield "build", model.build
    yield "template sha256", model.template_sha256
    yield "date in every prompt", model.template_date
    yield "flash attention", None if model.flash_attention is None else ("on" if model.flash_attention else "off")


def _asked_in(model: ModelInfo) -> str | None:
    if model.prompt_format == "template" and model.template is not None:
        name = "ChatML" if model.template == "chatml" else f"the template {model.template}"
        return f"{name}, which was given for it"
    return {"plain": f"plain text, as {BASE_MODEL}", "template": "its chat template"}.get(model.prompt_format or "")


def survey_facts(survey: SurveyInfo) -> Iterator[tuple[str, str | None]]:
    """Yield what was recorded about a survey."""
    yield "survey", f"{survey.name}: {pluralize(survey.questions, 'question')} asked; {figures_described(survey)}"
    yield "survey sha256", survey.sha256


def asking_facts(report: Report | MatrixReport) -> Iterator[tuple[str, str | None]]:
    """Yield how questions were asked, how replies were drawn, and who judged them."""
    replies, judge = report.replies, report.judge
    yield "expression", report.expression
    if replies is not None:
        drawn = f"temperature {replies.temperature:g}, top p {replies.top_p:g}, at most {replies.max_tokens:,} tokens"
        yield "replies", f"{replies.asked} in all, {replies.per_prompt} to each prompt; {drawn}"
        yield "reply format kept by", replies.constraint
    if judge is not None:
        yield "judge", f"{judge.name} ({judge.engine}), error over {pluralize(judge.statements, 'known statement')}"
        yield "judge sha256", judge.sha256
    yield "option orders", " and ".join(report.orders)


def timing_facts(timing: Timing) -> Iterator[tuple[str, str | None]]:
    """Yield how long a run took, how many probes it made, and how many cached answers it used."""
    decoded = "" if timing.tokens_decoded is None else f", {pluralize(timing.tokens_decoded, 'token')} decoded"
    yield "took", f"{timing.seconds:.1f} s, {pluralize(timing.probes, 'probe')}{decoded}"
    if timing.remembered:
        since = f", the oldest from {timing.remembered_since}" if timing.remembered_since else ""
        yield "cached answers", f"{timing.remembered}{since}"


def trouble(section: ReportSection) -> Iterator[Node]:
    """Yield failures with their reasons and the questions that are not valid, or that there were none."""
    report = section.report
    counts = f"{len(report.questions)} answered, {len(report.failures)} failed"
    yield element("p", f"{pluralize(report.survey.questions, 'question')} asked, {counts}.")
    yield from failed(report)
    if not_shown(report):
        return
    invalid = [question for question in report.questions if not question.valid]
    if not invalid:
        yield element("p", "All answers are valid." if report.questions else "No answer could be scored.")
        return
    yield element(
        "p",
        "Not valid: in at least one option order, the model gives the answer letters less than half of the "
        "probability, or tokens that its server does not show could change the answer by more than 0.1. These "
        "questions count in the scores over all questions, not in those over the valid ones.",
    )
    heads = ("question", "lowest label mass", "largest effect of tokens not shown")
    yield table("Answers that are not valid", heads, map(_invalid, invalid))


def failed(report: Report | MatrixReport) -> Iterator[Node]:
    """Yield the questions that failed, the replies that could not be read, and whether the judge errs too often."""
    if report.failures:
        yield element("p", "A failed question counts in no score.")
        yield from _failures_by_reason(report.failures)
    if report.replies is not None:
        yield from _unread(report.replies)
    if not_shown(report):
        yield element("p", sentence(why_not_shown(report)))


def _failures_by_reason(failures: Sequence[FailureInfo]) -> Iterator[Node]:
    """Yield how many questions failed for each reason, and which, the most frequent reason first.

    Where a reason leaves out details of single questions, every failure in full can be unfolded.
    """
    by_reason: dict[str, dict[str, None]] = {}
    for failure in failures:
        by_reason.setdefault(reason(failure.why), {})[failure.id] = None
    frequent = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    rows = [(why, str(len(ids)), ", ".join(ids)) for why, ids in frequent]
    yield table("Failures by reason", ("reason", "questions", "which"), rows, of_texts=True)
    if any(failure.why not in by_reason for failure in failures):
        each = [(failure.id, failure.why) for failure in failures]
        whole = table("Every failure in full", ("question", "why"), each, of_texts=True)
        yield element("details", element("summary", "Every failure in full"), whole)


def _unread(replies: RepliesInfo) -> Iterator[Node]:
    """Yield how many replies could not be read, by reason."""
    if replies.unread:
        count = sum(unread.replies for unread in replies.unread)
        yield element("p", f"{count:,} of {pluralize(replies.asked, 'reply', 'replies')} could not be read.")
        rows = [(unread.why, f"{unread.replies:,}") for unread in replies.unread]
        yield table("Replies that could not be read", ("reason", "replies"), rows, of_texts=True)


def _invalid(question: QuestionInfo) -> tuple[Node, ...]:
    masses = [order.label_mass for order in question.by_order if order.label_mass is not None]
    masses = masses or [mass for mass in (question.label_mass,) if mass is not None]
    hidden = max((order.truncation for order in question.by_order), default=0.0)
    return question.id, plain(min(masses, default=None)), plain(hidden)
