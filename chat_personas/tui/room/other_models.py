"""Other models beside the one that is open: those of the columns of a comparison, or of the sides of a debate.

Each is opened once, with its progress on a small screen, and closed when nobody uses it any more.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from chat_personas.consent import server_of
from chat_personas.conversation.conversation import persona_of
from chat_personas.corpus import ReplyModel
from chat_personas.engines.open import (
    UnknownModelError,
    longest_wait,
    memory_needed,
    recorded_as,
    shown_model,
)
from chat_personas.reporting.models_found import all_ready, free_memory, is_strange, short_of_memory, what_opens
from chat_personas.reporting.wording.measurements import DEMONSTRATION, model_described, recorded_model
from chat_personas.text import printable
from chat_personas.tui.key_registry import key_here
from chat_personas.tui.leaving import in_time
from chat_personas.tui.screens.dialogs import ChoiceScreen, ConfirmScreen, Dialog
from chat_personas.tui.screens.models import ModelsScreen
from eval.engine import ORDERS
from personas.errors import ReportedError
from personas.inputs.redaction import without_secrets

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.tui.session import OtherModel, Session
    from eval.engine import Engine
    from personas import LoadedPersona

ANOTHER_MODEL = "on another model…"
"""The line of a list that chooses the model of the next column or side."""
LOOKING = "Looking for {model}…"
OPENING = "Opening {model}…{wait}"
LONG = 5
"""Seconds after which it is shown for how long a model has been opened."""
NOT_FOUND = "{whose}: the model {model} was not found on this machine."
NOT_OPENED = "{whose}: the model {model} was not opened."
CONNECT = (
    "{model} is a server on another machine, and neither your settings nor the present model name it. What was said in "
    "this conversation, and what you say to it, goes there. Connect?"
)
LEAVE_OUT: Literal["l"] = "l"
CONSENT = (
    "{model} is on another machine. Measuring sends what was said there again with every question: up to {requests} "
    "requests each time, which may cost money. Measure? (A yes is remembered for this server.)"
)


@dataclass(frozen=True, slots=True)
class PersonaOnModel:
    """Who is to speak, and the model on which."""

    persona: "LoadedPersona"
    engine: "Engine"


@dataclass(frozen=True, slots=True)
class OnOtherModel:
    """A conversation to go on with alone, and its model, which is open and is not the present one."""

    conversation: str
    model: "OtherModel"


def model_of(engine: "Engine") -> ReplyModel:
    """Return what tells the model of an engine from others, whatever it is steered by."""
    return ReplyModel.of(engine.info)


class OtherModels:
    """The models that are open beside the session's, for as long as a comparison or a debate lasts; each once."""

    def __init__(self, session: "Session") -> None:
        """Begin with none; the session has its own model open."""
        assert session.engine is not None
        self.session = session
        self.present = session.engine
        self._others: list[OtherModel] = []
        self._asked_for: dict[str, ReplyModel] = {}

    async def close(self) -> None:
        """Close them all, without waiting long for one that does not close."""
        await self.close_all_but(())

    async def close_all_but(self, used: Collection["Engine"]) -> None:
        """Close those that none of the engines in use is of."""
        wanted = set(map(model_of, used))
        for other in [each for each in self._others if model_of(each.engine) not in wanted]:
            self._others.remove(other)
            await in_time(other.engine.close())

    def hand_over(self, engine: "Engine") -> "OtherModel | None":
        """Give up the model of an engine to the caller, who closes it; None for the session's own."""
        other = next((each for each in self._others if model_of(each.engine) == model_of(engine)), None)
        if other is not None:
            self._others.remove(other)
        return other

    def has_open(self, model: ReplyModel | None) -> "Engine | None":
        """Return the engine of a model that is open."""
        engines = [self.present, *(each.engine for each in self._others)]
        return next((engine for engine in engines if model_of(engine) == model), None)

    async def open(self, model: str) -> "Engine":
        """Open a model, by what is written after `--model`; one that is open already is returned.

        Cancelling the call stops the opening. Raises ReportedError: it cannot be opened.
        """
        engine = self.has_open(await asyncio.to_thread(self._known, model))
        if engine is not None:
            return engine
        opening = asyncio.ensure_future(self.session.open_other_model(model))
        try:
            other = await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                self._others.append(opening.result())  # it is closed with the others
            opening.cancel()
            raise
        self._asked_for[model] = model_of(other.engine)
        engine = self.has_open(model_of(other.engine))
        if engine is not None:  # a server does not say before which model it has
            await in_time(other.engine.close())
            return engine
        self._others.append(other)
        return other.engine

    def _known(self, model: str) -> ReplyModel | None:
        """Return which model this is, as far as that can be known before it is opened."""
        if model in self._asked_for:
            return self._asked_for[model]
        try:
            return ReplyModel(*recorded_as(model))
        except (UnknownModelError, OSError):
            return None  # opening it says what is wrong

    def find(self, wanted: ReplyModel) -> str | None:
        """Return what opens a model again; None where it is not found. It looks through files and asks local servers.

        A file is the same model only with the same hash. Raises ReportedError: the settings cannot be read.
        """
        settings = self.session.launch.settings
        return what_opens(wanted, all_ready(self.session.launch.find_models(), settings.servers))

    def is_strange(self, model: str) -> bool:
        """Whether it is on a server of another machine that is neither in the settings nor the present model's."""
        return is_strange(model, {*self.session.launch.settings.servers, server_of(self.present.info)})


class OpeningScreen(Dialog["Engine | None"]):
    """Opens a model, and says so meanwhile. Gives None where that is cancelled or fails, which is said.

    It asks first where memory is short. `found` is whether the model is there at all.
    """

    CSS_PATH = "room.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="opening_cancel")]

    def __init__(self, models: OtherModels, wanted: str | ReplyModel) -> None:
        """Open what is written after `--model`, or find and open again what the corpus names."""
        super().__init__()
        self.found = True
        self._models = models
        self._wanted = wanted
        self._settings = models.session.launch.settings
        self._state = Static(markup=False, id="question")
        self._doing, self._since = "", time.monotonic()

    def compose(self) -> ComposeResult:
        """Lay out what is done."""
        with Vertical(id="dialog"):
            yield self._state

    def on_mount(self) -> None:
        """Begin."""
        self.set_interval(1.0, self._show_doing)
        self.open_model()

    def _do(self, doing: str) -> None:
        """Say from now on that this is done."""
        self._doing, self._since = doing, time.monotonic()
        self._show_doing()

    def _show_doing(self) -> None:
        """Say what is done and, where that takes long, for how long already."""
        seconds = int(time.monotonic() - self._since)
        lasts = f" {seconds} s." if seconds >= LONG else ""
        self._state.update(printable(f"{self._doing}{lasts} {key_here(OpeningScreen, 'opening_cancel')} cancels."))

    @work(group="open", exclusive=True)
    async def open_model(self) -> None:
        """Find it, ask where memory is short, open it, and leave."""
        try:
            model: str | None
            if isinstance(self._wanted, str):
                model = self._wanted
            else:
                self._do(LOOKING.format(model=self._wanted.name))
                model = await asyncio.to_thread(self._models.find, self._wanted)
                self.found = model is not None
                if model is not None and self._models.is_strange(model) and not await self._may_connect(model):
                    model = None
            agreed = model is not None and await self._memory_suffices(model)
            self.dismiss(await self._models.open(model) if agreed and model is not None else None)
        except ReportedError as error:
            self.app.notify(printable(str(error)), severity="error", markup=False)
            self.dismiss(None)

    async def _may_connect(self, model: str) -> bool:
        question = printable(CONNECT.format(model=_named(model)))
        return await self.app.push_screen_wait(ConfirmScreen(question, "Connect", "Do not connect"))

    async def _memory_suffices(self, model: str) -> bool:
        """Say that a model is opened; where memory is short, return whether the person wants it all the same."""
        wait = longest_wait(model, self._settings)
        self._do(OPENING.format(model=_named(model), wait=f" ({wait})" if wait else ""))
        needed = await asyncio.to_thread(memory_needed, model, self._settings.context_length)
        short = short_of_memory(needed, free_memory())
        if not short:
            return True
        question = f"{_named(model)}: {short} Open it all the same?"
        return await self.app.push_screen_wait(ConfirmScreen(question, "Open", "Do not open"))

    def action_cancel(self) -> None:
        """Open it no further."""
        self.workers.cancel_group(self, "open")
        self.dismiss(None)


def _named(model: str) -> str:
    try:
        return shown_model(model)
    except UnknownModelError:
        return without_secrets(model, words=False)


async def choose_beside(app: App[Any], models: OtherModels, heading: str) -> "Engine | None":
    """Let the person choose a model, and open it; None where nothing is chosen or opened. Call it in a worker."""
    chosen = await app.push_screen_wait(ModelsScreen(models.session, heading))
    return None if chosen is None else await app.push_screen_wait(OpeningScreen(models, chosen))


async def open_again(
    app: App[Any], models: OtherModels, corpus: "Corpus", conversations: Sequence[str], *, may_leave_out: bool
) -> "dict[str, Engine] | None":
    """Open the models of conversations that are taken up, and return the engine of each by its key.

    Where one is not found or not opened, the person chooses another, or leaves its conversations out if that is
    possible. None where the person goes back instead. Call it in a worker.

    Raises:
        CorpusError: the corpus cannot be read.
    """
    wanted = {key: await asyncio.to_thread(corpus.last_model, key) for key in conversations}
    engines: dict[ReplyModel, Engine] = {}
    for model in dict.fromkeys(wanted.values()):
        engine, why = await _open_recorded(app, models, model)
        if engine is None:
            rows = [await asyncio.to_thread(corpus.conversation, key) for key in wanted if wanted[key] == model]
            whose = " and ".join(persona_of(row).title for row in rows)
            question = why.format(whose=whose, model=recorded_model(*model.asked))
            instead = await _choose_instead(app, models, question, may_leave_out=may_leave_out)
            if instead is None:
                return None
            if isinstance(instead, str):
                continue
            engine = instead
        engines[model] = engine
    return {key: engines[model] for key, model in wanted.items() if model in engines}


async def _open_recorded(app: App[Any], models: OtherModels, model: ReplyModel) -> "tuple[Engine | None, str]":
    """Return the engine of a model that the corpus names, or None and why."""
    engine = models.has_open(model)
    if engine is not None:
        return engine, ""
    opening = OpeningScreen(models, model)
    engine = await app.push_screen_wait(opening)
    return engine, NOT_OPENED if opening.found else NOT_FOUND


async def _choose_instead(
    app: App[Any], models: OtherModels, why: str, *, may_leave_out: bool
) -> 'Engine | Literal["l"] | None':
    """Ask what to do without a model: another one, or `LEAVE_OUT`; None for going back."""
    answers = {"c": "Choose a model instead", "g": f"Go on with {models.present.info.name}"}
    if may_leave_out:
        answers[LEAVE_OUT] = "Leave it out this time"
    while True:
        answer = await app.push_screen_wait(ChoiceScreen(why, answers))
        if answer == "c":
            engine = await choose_beside(app, models, "Choose a model instead")
            if engine is not None:
                return engine
        elif answer == "g":
            return models.present
        else:
            return LEAVE_OUT if answer == LEAVE_OUT else None


async def agree_to_measure(app: App[Any], session: "Session", engines: Sequence["Engine"]) -> None:
    """Ask for each server on another machine, beside the session's own, whether what is said there may be measured.

    `engines` has one for each conversation. Servers for which the person agreed before are not asked about. Call it in
    a worker. Raises SurveyError.
    """
    if not session.settings.measure or session.engine is None:
        return
    others = [each.info for each in engines if each.info.log_probabilities != "none"]
    others = [info for info in others if server_of(info) != server_of(session.engine.info)]
    conversations = Counter(map(server_of, others))
    for info in {server_of(info): info for info in others}.values():
        if not session.launch.probing_confirmed(info):
            survey = await session.open_survey()
            requests = conversations[server_of(info)] * len(survey.survey.questions) * len(ORDERS)
            question = CONSENT.format(model=info.name, requests=requests)
            if await app.push_screen_wait(ConfirmScreen(question, "Measure", "Do not measure")):
                session.launch.remember_probing(info)


def models_line(engines: Sequence["Engine"]) -> str:
    """Name the models of conversations beside each other, each once, and those that are a demonstration."""
    infos = {model_of(engine): engine.info for engine in engines}.values()
    demonstration = f", a {DEMONSTRATION}" if len(infos) > 1 else f" · {DEMONSTRATION}"
    return " · ".join(model_described(info) + demonstration * info.demonstration for info in infos)
