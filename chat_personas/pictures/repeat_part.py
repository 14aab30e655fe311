"""Everything that is needed to repeat a run, and nothing about the machine or the person that ran it."""

import shlex
from collections.abc import Iterable, Iterator

from chat_personas.models import POCKET
from chat_personas.pictures.document import Pictured
from chat_personas.pictures.markup import Element, Node, element
from chat_personas.pictures.tables import definitions
from chat_personas.report_words import counted, what_figures_are
from eval.report import FROM_FILE, ModelInfo, Report, SurveyInfo
from personas import library_names


def repeat(pictured: Pictured) -> Iterator[Node]:
    """Yield the command that makes the same figures from the same files, and the hashes that tell whether they are."""
    yield element("pre", element("code", command(pictured.report)))
    yield element("p", "with files of the hashes below; file names are given without their directories.", class_="note")
    yield facts(_facts(pictured.report))


def command(report: Report) -> str:
    """Return the command line that repeats the evaluation of one persona."""
    settings = ["--seed", str(report.seed), "--refusals", report.refusals]
    if report.model.engine == FROM_FILE:
        words = ["--answers", report.persona.file, "--survey", report.survey.name, *settings]
        return shlex.join(["chat-personas", "eval", *words])
    asking = ["--model", model_option(report.model), "--steering", report.steering, "--expression", report.expression]
    limit = ["--limit", str(report.survey.questions)]
    words = [_persona(report), "--survey", report.survey.name, *asking, *settings, *limit]
    return shlex.join(["chat-personas", "eval", *words])


def _persona(report: Report) -> str:
    name, file = report.persona.name, report.persona.file
    return name if file == f"{name}.toml" and name in library_names() else file


def model_option(model: ModelInfo) -> str:
    """Return what `--model` takes to ask this model again; a file goes by its base name."""
    is_file = model.engine == "llama" and model.name != POCKET
    return f"{model.name}.gguf" if is_file and not model.name.endswith(".gguf") else model.name


def facts(pairs: Iterable[tuple[str, str | None]]) -> Element:
    """Return what was recorded of a run, to be compared sign by sign."""
    return definitions((name, element("code", value) if value else None) for name, value in pairs)


def model_facts(model: ModelInfo) -> Iterator[tuple[str, str | None]]:
    """Yield what was recorded of a model."""
    yield ("answers", model.name) if model.engine == FROM_FILE else ("model", f"{model.name} ({model.engine})")
    yield "model sha256", model.sha256
    yield "quantization", model.quantization
    yield "context length", None if model.context_length is None else str(model.context_length)
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
    timing = report.timing
    yield "steering", report.steering
    yield "expression", report.expression
    yield "option orders", " and ".join(report.orders)
    yield "refusals", report.refusals
    yield "seed", str(report.seed)
    yield "prompt sha256", report.prompt_sha256
    yield "took", f"{timing.seconds:.1f} s, {timing.probes} probes, {timing.tokens_decoded} tokens decoded"
