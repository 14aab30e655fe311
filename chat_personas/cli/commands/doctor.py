"""`chat-personas doctor`: check that everything is installed and can be read, and print where it is."""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from chat_personas import __version__
from chat_personas.cli.errors import CHECK_FAILED, DONE
from chat_personas.cli.opening import described_engine, open_corpus
from chat_personas.cli.tables.layout import print_line, table_console
from chat_personas.corpus.errors import CorpusError
from chat_personas.engines.cached import AnswerStore
from chat_personas.engines.cached.store import size_of
from chat_personas.engines.open import ModelServer, find_model, shown_model
from chat_personas.engines.openai.keys import find_key
from chat_personas.own_personas import all_persona_names, find_persona, own_persona_names
from chat_personas.paths import UnwritableError, answers_path, cannot_write, corpus_path, display_path, settings_path
from chat_personas.reporting.wording.measurements import model_described
from chat_personas.settings import SettingsError, load_settings, where_set, without_values, wrong_lines
from chat_personas.surveys import find_survey
from chat_personas.text import pluralize, printable
from eval.engine import EngineError
from personas.errors import ReportedError
from personas.inputs.redaction import shown_address, without_secrets

NO_SERVER = "none needed: the settings name no server"
EXAMPLE = "Example: chat-personas doctor"


def doctor(
    settings: Annotated[
        bool,
        typer.Option("--settings", help="Check nothing; list every setting and key, and where it comes from."),
    ] = False,
) -> int:
    """Check the installation: versions, settings, corpus, cached answers, models, survey and library."""
    if settings:
        return _list_settings()
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("program", _program),
        ("settings", _settings),
        ("corpus", _corpus),
        ("answers", _answers),
        ("built-in model", _built_in_model),
        ("model", _model),
        ("API keys", _keys),
        ("survey", _survey),
        ("personas", _personas),
    )
    findings: list[str] = []
    for title, check in checks:
        try:
            print(f"  ok    {title:16} {printable(check())}")
        except Exception as error:  # a check that fails stops no other; its error is the finding
            finding = without_secrets(without_values(" ".join(str(error).split())), words=False)
            said = any(finding in each for each in findings)
            print(f"  FAIL  {title:16} {'for the same reason' if said else printable(finding)}")
            findings.append(finding)
    return CHECK_FAILED if findings else DONE


def _list_settings() -> int:
    """Print every setting: what it is set to, where that comes from, and what it is for."""
    from chat_personas.settings_listing import all_settings
    from chat_personas.tui.key_registry import settable_keys

    console = table_console(to_error=False)
    print_line(console, f"settings file: {display_path(settings_path())}")
    for setting in all_settings(bindings=settable_keys()):
        about = f"{setting.place}: {setting.help}" if setting.place else setting.help
        print_line(console, printable(f"{setting.name} = {setting.shown} ({setting.origin}): {about}"))
    return DONE


def _program() -> str:
    return f"chat-personas {__version__}, Python {sys.version.split()[0]}"


def _settings() -> str:
    from chat_personas.tui.themes import known_themes
    from chat_personas.tui.unusable_settings import faults_of, given_way

    if len(wrong := wrong_lines()) > 1:  # of which whoever needs them says the first one
        raise SettingsError(" · ".join(wrong))
    settings, file = load_settings(), display_path(settings_path())
    checks = (lambda: find_persona(settings.persona), lambda: find_survey(settings.survey))
    faults = [*filter(None, map(_why_not, checks))]
    unusable = faults_of(settings.keys, settings.theme, known_themes())
    faults += [f"{where_set(fault.settings[0])}: {fault.line}" for fault in unusable]
    if faults:
        raise SettingsError(" · ".join(faults))
    there = file if settings_path().exists() else f"defaults (there is no {file})"
    there = "; ".join([there, *(each.line for each in given_way(settings.keys))])
    persona, survey = without_secrets(settings.persona), without_secrets(settings.survey)
    accessible = "on" if settings.accessible else "off"
    return f"{there}; persona {persona}, model {shown_model(settings.model)}, survey {survey}, accessible {accessible}"


def _why_not(check: Callable[[], object]) -> str | None:
    """Say why a check fails, None where it does not."""
    try:
        check()
    except ReportedError as error:
        return str(error)
    return None


def _corpus() -> str:
    if not corpus_path().exists():
        _require_writable(corpus_path().parent)
        return f"none yet; it will be {display_path(corpus_path())}"
    with open_corpus() as corpus:
        if problems := corpus.problems():
            raise CorpusError(
                f"{display_path(corpus_path())}: {problems[0]} ({len(problems)} found); make a copy of it"
            )
        return f"{display_path(corpus_path())}, {pluralize(len(corpus.conversation_ids()), 'conversation')}, intact"


def _require_writable(directory: Path) -> None:
    """Raise UnwritableError where `directory`, or the nearest one above it that exists, cannot be written.

    Permissions are not enough: in /proc or on a full file table nothing can be made, whoever asks.
    """
    there = next(above for above in (directory, *directory.parents) if above.exists())
    if not there.is_dir():
        raise UnwritableError(cannot_write(directory, f"{there.name} is not a directory"))
    try:
        with TemporaryDirectory(prefix=".chat-personas-", dir=there):
            pass
    except OSError as error:
        raise UnwritableError(cannot_write(directory, error.strerror)) from error


def _answers() -> str:
    path = answers_path()
    if not path.exists():
        _require_writable(path.parent)
        return f"none yet; they will be in {display_path(path)}"
    store = AnswerStore.open(path)
    try:
        answers = sum(model.answers for model in store.models())
    finally:
        store.close()
    return f"{display_path(path)}, {pluralize(answers, 'answer')}, {size_of(path) / 1e6:.1f} MB"


def _built_in_model() -> str:
    return _opened("pocket")


def _model() -> str:
    model = load_settings().model
    return "the built-in one" if model == "pocket" else _opened(model)


def _keys() -> str:
    """Say for each server of the settings where its key comes from; the model's server is one.

    Raises EngineError with the same words where one of them needs a key that is not there.
    """
    settings = load_settings()
    model = find_model(settings.model)
    urls = [*([model.url] if isinstance(model, ModelServer) else []), *settings.servers]
    said, lacking = dict[str, str](), False
    for url in dict.fromkeys(url.rstrip("/") for url in urls):
        address = shown_address(url)
        try:
            key = find_key(url, settings.server(url).key_env)
        except EngineError as error:
            said[address], lacking = str(error).removeprefix(f"{address} ").partition(";")[0], True
        else:
            said[address] = f"from {key.source}" if key.value else key.trouble or "none"
    where = "; ".join(f"{address}: {of}" for address, of in said.items())
    if lacking:
        raise EngineError(where)
    return where or NO_SERVER


def _opened(model: str) -> str:
    info = described_engine(model, load_settings())
    figures = {
        "exact": "exact log-probabilities",
        "top_k": f"log-probabilities of the {info.top_k} most likely tokens",
        "none": "no log-probabilities",
    }[info.log_probabilities]
    about = [
        model_described(info),
        info.quantization,
        f"context {info.context_length:,}" if info.context_length else None,
    ]
    inside = f"steering from inside: {', '.join(info.intervention_kinds)}" if info.intervention_kinds else None
    return "; ".join(filter(None, (", ".join([*(part for part in about if part), figures]), inside)))


def _survey() -> str:
    loaded = find_survey(load_settings().survey)
    return f"{loaded.survey.name}, {pluralize(len(loaded.survey.questions), 'question')}"


def _personas() -> str:
    names, own = all_persona_names(), own_persona_names()
    for name in names:
        find_persona(name)
    return f"{len(names) - len(own)} in the library" + (f", {len(own)} of your own" if own else "")
