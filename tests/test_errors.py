"""Every error that the program reports carries the exit code that docs/commands.md promises."""

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from chat_personas.cli.errors import CheckFailedError, CommandLineError, StoppedError, UsageError
from chat_personas.conversation.comparison import ComparisonError
from chat_personas.conversation.debate import DebateError
from chat_personas.conversation.room import RoomError
from chat_personas.conversation.sampling import SamplingError
from chat_personas.corpus.errors import (
    ConversationGoneError,
    CorpusError,
    ExportError,
    GoneOnElsewhereError,
    GrowingElsewhereError,
    NoCorpusError,
    ProtectedConversationError,
    RatingError,
    SameCorpusError,
    UnknownConversationError,
    UnknownParticipantError,
    UnknownParticipationError,
)
from chat_personas.corpus.search import QueryError
from chat_personas.engines.cached.store import CacheError, DamagedCacheError
from chat_personas.engines.llama.template_bounds import EndlessTemplateError
from chat_personas.engines.open import UnknownModelError
from chat_personas.engines.openai.capabilities import NoSuchModelError
from chat_personas.engines.openai.connection import InvalidAddressError
from chat_personas.models.catalogue import UnknownEntryError
from chat_personas.models.pulling import NoHubError, NoSpaceError, PullError
from chat_personas.own_personas import PersonaExistsError
from chat_personas.paths import UnwritableError
from chat_personas.settings import SettingsError
from chat_personas.steering.errors import SteeringError
from chat_personas.storage.files import OutputError
from chat_personas.studies.errors import ParticipationError, StudyFileError
from chat_personas.studies.sample import MarginsError
from chat_personas.tui.other_programs import NoEditorError
from eval.engine import EngineError, EnvironmentVariableError, RequestError, TooLongError
from eval.errors import AnswerError, ReportError, SurveyError
from eval.interventions import InterventionError
from personas import PersonaError, ReportedError

CODES: dict[type[ReportedError], int] = {
    CheckFailedError: 1,
    PersonaError: 2,
    PersonaExistsError: 2,
    NoEditorError: 2,
    SurveyError: 2,
    AnswerError: 2,
    ReportError: 2,
    SettingsError: 2,
    UsageError: 2,
    CommandLineError: 2,
    UnknownModelError: 2,
    NoSuchModelError: 2,
    EnvironmentVariableError: 2,
    InvalidAddressError: 2,
    NoCorpusError: 2,
    UnknownConversationError: 2,
    ProtectedConversationError: 2,
    UnknownParticipantError: 2,
    UnknownParticipationError: 2,
    StudyFileError: 2,
    MarginsError: 2,
    ParticipationError: 2,
    ExportError: 2,
    RatingError: 2,
    SameCorpusError: 2,
    UnknownEntryError: 2,
    NoHubError: 2,
    SteeringError: 2,
    InterventionError: 2,
    RoomError: 2,
    ComparisonError: 2,
    DebateError: 2,
    SamplingError: 2,
    QueryError: 2,
    EndlessTemplateError: 3,
    EngineError: 3,
    RequestError: 3,
    TooLongError: 3,
    PullError: 3,
    CorpusError: 4,
    ConversationGoneError: 4,
    GoneOnElsewhereError: 4,
    GrowingElsewhereError: 4,
    CacheError: 4,
    DamagedCacheError: 4,
    UnwritableError: 4,
    OutputError: 4,
    NoSpaceError: 4,
    StoppedError: 130,
}


@pytest.mark.parametrize(("error", "code"), CODES.items(), ids=lambda each: getattr(each, "__name__", str(each)))
def test_an_error_ends_the_command_with_its_own_exit_code(error: type[ReportedError], code: int) -> None:
    assert error("one line").exit_code == code
    assert str(error("one line")) == "one line"


def subclasses(of: type[ReportedError]) -> Iterator[type[ReportedError]]:
    for subclass in of.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def test_no_reported_error_is_missing_from_this_table() -> None:
    for package in ("chat_personas", "eval", "personas"):
        folders = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(folders, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)  # an error that is not imported by anything is missing, too
    ours = {error for error in subclasses(ReportedError) if error.__module__.split(".")[0] != "tests"}
    assert ours <= CODES.keys()


def test_the_base_of_all_errors_is_read_without_anything_else() -> None:
    """It is needed before the first frame."""
    code = (
        "import sys; import personas.errors; "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('personas', 'pydantic', 'difflib')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "['personas', 'personas.errors']"
