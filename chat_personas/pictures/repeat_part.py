"""Everything that is needed to repeat a run, and nothing about the machine or the person that ran it."""

import shlex
from collections.abc import Iterator

from chat_personas.models import POCKET
from chat_personas.pictures.document import Pictured
from chat_personas.pictures.markup import Node, element
from chat_personas.pictures.tables import definitions
from chat_personas.report_words import counted, what_figures_are
from eval.report import FROM_FILE, Report
from personas import library_names


def repeat(pictured: Pictured) -> Iterator[Node]:
    """Yield the command that makes the same figures from the same files, and the hashes that tell whether they are."""
    yield element("pre", element("code", command(pictured.report)))
    yield element("p", "with files of the hashes below; file names are given without their directories.", class_="note")
    yield definitions((name, element("code", value) if value else None) for name, value in _facts(pictured.report))


def command(report: Report) -> str:
    """Return the command line that repeats the evaluation of one persona."""
    settings = ["--seed", str(report.seed), "--refusals", report.refusals]
    if report.model.engine == FROM_FILE:
        words = ["--answers", report.persona.file, "--survey", report.survey.name, *settings]
        return shlex.join(["chat-personas", "eval", *words])
    asking = ["--model", _model(report), "--steering", report.steering, "--expression", report.expression]
    limit = ["--limit", str(report.survey.questions)]
    words = [_persona(report), "--survey", report.survey.name, *asking, *settings, *limit]
    return shlex.join(["chat-personas", "eval", *words])


def _persona(report: Report) -> str:
    name, file = report.persona.name, report.persona.file
    return name if file == f"{name}.toml" and name in library_names() else file


def _model(report: Report) -> str:
    name = report.model.name
    return name if report.model.engine != "llama" or name == POCKET or name.endswith(".gguf") else f"{name}.gguf"


def _facts(report: Report) -> Iterator[tuple[str, str | None]]:
    persona, model, survey = report.persona, report.model, report.survey
    groups = " and ".join(f"{group.attribute}={group.value}" for group in persona.groups)
    yield "date", report.created
    yield "version", f"chat-personas {report.version}"
    yield "persona", f"{persona.name} ({persona.file})"
    yield "persona sha256", persona.sha256
    yield "groups", groups or "everyone"
    if report.model.engine == FROM_FILE:
        yield "answers", model.name
    else:
        yield "model", f"{model.name} ({model.engine})"
    yield "model sha256", model.sha256
    yield "quantization", model.quantization
    yield "context length", None if model.context_length is None else str(model.context_length)
    yield "flash attention", None if model.flash_attention is None else ("on" if model.flash_attention else "off")
    yield "survey", f"{survey.name}: {counted(survey.questions, 'question')} put; {what_figures_are(survey)}"
    yield "survey sha256", survey.sha256
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
