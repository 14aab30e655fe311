"""Everything that is needed to repeat a run, and nothing about the machine or the person that ran it."""

from collections.abc import Iterable, Iterator

from chat_personas.pictures.document import Pictured
from chat_personas.pictures.markup import Element, Node, element
from chat_personas.pictures.repeat_command import command
from chat_personas.pictures.tables import definitions
from chat_personas.report_words import what_figures_are
from chat_personas.text import counted
from eval.matrix.models import MatrixReport
from eval.report import FROM_FILE, ModelInfo, Report, SurveyInfo, Timing


def repeat(pictured: Pictured) -> Iterator[Node]:
    """Yield the command that makes the same figures from the same files, and the hashes that tell whether they are."""
    yield element("pre", element("code", command(pictured.report)))
    yield element("p", "with files of the hashes below; file names are given without their directories.", class_="note")
    yield facts(_facts(pictured.report))


def facts(pairs: Iterable[tuple[str, str | None]]) -> Element:
    """Return what was recorded of a run, to be compared sign by sign."""
    return definitions((name, element("code", value) if value else None) for name, value in pairs)


def model_facts(model: ModelInfo) -> Iterator[tuple[str, str | None]]:
    """Yield what was recorded of a model."""
    yield ("answers", model.name) if model.engine == FROM_FILE else ("model", f"{model.name} ({model.engine})")
    yield "model sha256", model.sha256
    yield "quantization", model.quantization
    yield "context length", None if model.context_length is None else str(model.context_length)
    yield "date in every prompt", model.template_date
    yield "flash attention", None if model.flash_attention is None else ("on" if model.flash_attention else "off")


def survey_facts(survey: SurveyInfo) -> Iterator[tuple[str, str | None]]:
    """Yield what was recorded of a survey."""
    yield "survey", f"{survey.name}: {counted(survey.questions, 'question')} put; {what_figures_are(survey)}"
    yield "survey sha256", survey.sha256


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
    yield from _asking(report)


def _asking(report: Report) -> Iterator[tuple[str, str | None]]:
    yield "steering", report.steering
    yield "shots", None if report.shots is None else f"{counted(report.shots, 'other question')} before each"
    yield "expression", report.expression
    yield from replies_facts(report)
    yield "option orders", " and ".join(report.orders)
    yield "refusals", report.refusals
    yield "seed", str(report.seed)
    yield "prompt sha256", report.prompt_sha256
    decoded = report.timing.tokens_decoded
    yield "took", took(report.timing) if decoded is None else f"{took(report.timing)}, {decoded} tokens decoded"
    yield from remembered(report.timing)


def replies_facts(report: Report | MatrixReport) -> Iterator[tuple[str, str | None]]:
    """Yield how replies were drawn and who judged them."""
    replies, judge = report.replies, report.judge
    if replies is not None:
        drawn = f"temperature {replies.temperature:g}, top p {replies.top_p:g}, {replies.max_tokens} tokens at most"
        yield "replies", f"{replies.asked} in all, {replies.per_prompt} to each prompt; {drawn}"
        yield "kept to a form by", replies.constraint
    if judge is not None:
        yield "judge", f"{judge.name} ({judge.engine}), error over {counted(judge.statements, 'known statement')}"
        yield "judge sha256", judge.sha256


def took(timing: Timing) -> str:
    """Say how long a run was and how many probes it put."""
    return f"{timing.seconds:.1f} s, {counted(timing.probes, 'probe')}"


def remembered(timing: Timing) -> Iterator[tuple[str, str | None]]:
    """Yield how many answers were there before the run, which are as old as it says."""
    if timing.remembered:
        since = f", the oldest from {timing.remembered_since}" if timing.remembered_since else ""
        yield "answers from before", f"{timing.remembered}{since}"
