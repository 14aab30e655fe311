"""The picker of personas shows exactly what a model is given, combines groups, and gives what it shows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static, TextArea

from chat_personas.corpus import Corpus, GroupRow, MeasurementRow
from chat_personas.own_personas import find_persona, own_persona_names
from chat_personas.tui import other_programs
from chat_personas.tui.chat.drafts import BROUGHT_BACK
from chat_personas.tui.screens.dialogs import SaveScreen
from chat_personas.tui.screens.personas import PersonasScreen, last_measured, measured_in_short, preview
from chat_personas.tui.screens.prompt import WritePromptScreen
from eval import evaluate_sync
from eval.engine import Message, Probe
from eval.evaluation import given_first
from eval.surveys.loading import load_survey
from personas import library_names, load_persona, system_prompt
from personas.composing import composed, groups_in
from tests.corpus.making import branch_of, conversation_row, talk
from tests.corpus.test_measurements import measurement
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.tui.fakes import LEANING, ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words

CIVIC = load_survey("civic").survey
BOTH = groups_in("POLPARTY=Democrat SEX=Female")
MARK = "from here on another persona: Democrat and Female (before: A Democrat)"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


async def opened(pilot: Pilot[None]) -> PersonasScreen:
    """The picker, once it has read the personas."""
    await pilot.press("ctrl+g")
    await until(pilot, lambda: "Party" in shown(pilot))
    found = pilot.app.screen
    assert isinstance(found, PersonasScreen)
    return found


@pytest.mark.parametrize("steering", ["portray", "bio", "qa", "none"])
def test_the_preview_is_the_system_prompt_byte_for_byte(steering: str) -> None:
    persona = composed(BOTH, steering).persona
    prompt = system_prompt(persona)
    assert given_first(persona, CIVIC) == ([Message("system", prompt)] if prompt else [])
    assert (prompt in preview(persona)) == (steering != "none")


@pytest.mark.slow
def test_the_preview_of_every_persona_of_the_library_is_its_system_prompt() -> None:
    for name in library_names():
        persona = load_persona(name).persona
        shown_exactly = [line for line in preview(persona) if line == system_prompt(persona)]
        assert shown_exactly == list(filter(None, [system_prompt(persona)])), name


def test_the_preview_of_few_shot_is_what_eval_puts_before_the_first_question() -> None:
    class Listening(AnsweringEngine):
        def __init__(self) -> None:
            super().__init__(LEANING)
            self.prompts: list[tuple[list[Message], str]] = []

        def score(self, prefix: Sequence[Message], probes: Sequence[Probe]):  # type: ignore[no-untyped-def]
            self.prompts += [(list(prefix), probe.prompt) for probe in probes]
            return super().score(prefix, probes)

    engine, loaded = Listening(), composed(groups_in("POLPARTY=Democrat"), "few_shot")
    evaluate_sync(engine, loaded, load_survey("civic"))
    (message,) = given_first(loaded.persona, CIVIC)
    assert message.role == "user"
    assert ([], message.content) in engine.prompts
    assert message.content in preview(loaded.persona)


def row_of(loaded_name: str, **changes: object) -> MeasurementRow:
    persona = find_persona(loaded_name).persona
    groups = tuple(GroupRow(attribute=group.attribute, value=group.value) for group in persona.groups)
    return MeasurementRow(
        conversation_id="C",
        message_id=None,
        created_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
        survey="civic",
        survey_sha256="ef",
        expression="log_probability",
        groups=groups,
        complete=True,
        alignment=0.9,
        alignment_low=0.875,
        alignment_high=0.925,
        verdict="sound",
        engine="llama",
        model="pocket",
        program_version="0",
        persona_name=persona.name,
        system_prompt=system_prompt(persona),
    ).model_copy(update=changes)


def test_what_was_measured_last_is_found_by_prompt_and_groups() -> None:
    older, newer, other = row_of("democrat", id="1"), row_of("democrat", id="2"), row_of("republican", id="3")
    assert last_measured([older, newer, other], load_persona("democrat").persona) == newer
    assert last_measured([older, newer, other], composed(groups_in("POLPARTY=Democrat"), "bio").persona) is None
    assert last_measured([row_of("democrat", groups=())], load_persona("democrat").persona) is None
    steered = row_of("democrat", interventions=("add:x",))
    assert last_measured([steered], load_persona("democrat").persona) is None, "the knob was turned"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "not measured yet"),
        (row_of("democrat"), "0.900 [0.875, 0.925], sound (civic, 2026-11-21)"),
        (
            row_of("democrat", verdict="follows_letters"),
            "not sound: the model follows the letters, not the answers (civic, 2026-11-21)",
        ),
        (row_of("citizen", alignment=None), "none (civic, 2026-11-21)"),
    ],
)
def test_an_alignment_is_shown_with_interval_verdict_and_day_or_not_at_all(
    row: MeasurementRow | None, said: str
) -> None:
    assert measured_in_short(row) == f"alignment with this model: {said}"


def test_the_corpus_tells_the_newest_complete_measurement_of_each_persona_on_a_model_before_anything_is_said(
    corpus: Corpus,
) -> None:
    from chat_personas.corpus import ReplyModel

    identifier = talk(corpus, ("Guns?", "Fewer."), row=conversation_row(system_prompt="Be a Democrat."))
    reply_ = branch_of(corpus, identifier)[-1]
    one = measurement(reply_).model_copy(update={"id": "1", "message_id": None})
    rows = [
        one,
        one.model_copy(update={"id": "2"}),
        one.model_copy(update={"id": "3", "complete": False}),
        one.model_copy(update={"id": "4", "persona_name": "republican", "system_prompt": "Be a Republican."}),
        one.model_copy(update={"id": "5", "model": "another"}),
        one.model_copy(update={"id": "6", "message_id": reply_.id}),
        one.model_copy(update={"id": "7", "prompt_format": "plain"}),
    ]
    for row in rows:
        corpus.add_measurement(row, ())
    found = corpus.last_measurements(ReplyModel(one.model, one.model_sha256))
    assert [(row.id, row.persona_name, row.system_prompt) for row in found] == [
        ("2", "democrat", "Be a Democrat."),
        ("4", "republican", "Be a Republican."),
    ]


async def test_the_list_stands_on_the_persona_of_the_conversation_and_marks_it(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), persona="republican"), (120, 40)) as pilot:
        picker = await opened(pilot)
        await until(pilot, lambda: "A Republican · POLPARTY=Republican" in words(pilot))
        assert "in use · A Republican (POLPARTY=Republican)" in words(pilot)
        assert words(pilot).count("in use") == 1
        await until(pilot, lambda: "A very liberal person" in words(pilot))  # what follows it
        await pilot.press("f4")
        await until(pilot, lambda: "describe yourself like this" in words(pilot))
        chosen = picker.chosen()
        assert chosen is not None
        assert (chosen.persona.name, chosen.persona.steering) == ("republican", "bio")

        picker.wanted.value = "woman"
        await until(pilot, lambda: "A woman · SEX=Female" in words(pilot))
        picker.wanted.value = ""
        await until(pilot, lambda: "A Republican · POLPARTY=Republican" in words(pilot))


async def test_no_key_in_the_list_waits_for_the_survey_to_be_read(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        picker = await opened(pilot)
        monkeypatch.setattr("eval.surveys.loading.read_survey", refused)
        await pilot.press(*"woman")
        await until(pilot, lambda: "A woman · SEX=Female" in words(pilot))
        await pilot.press("down", "down")
        picker.wanted.value = "POLPARTY=Democrat SEX=Female"
        await until(pilot, lambda: "Democrat and Female" in str(picker.about.content))


def refused(text: str) -> None:
    raise AssertionError("the survey was read again")


async def test_a_list_in_which_nothing_fits_says_so(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        picker = await opened(pilot)
        picker.wanted.value = "penguins"
        await until(pilot, lambda: "No persona of the list fits." in words(pilot))
        assert picker.chosen() is None


async def test_a_composed_persona_without_figures_stands_first_in_the_list_and_is_talk_only(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        picker = await opened(pilot)
        picker.wanted.value = "POLPARTY=Republican AGE=65+"
        await until(pilot, lambda: "Republican and Age 65+" in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: shown(pilot).startswith(" Republican and Age 65+"))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "In this conversation" in shown(pilot))
        picker = pilot.app.screen
        assert isinstance(picker, PersonasScreen)
        assert picker.chosen() == composed(groups_in("POLPARTY=Republican AGE=65+"))
        assert "talk only: the built-in survey has no figures" in str(picker.about.content)
        assert "not measured yet" not in str(picker.about.content)
        picker.wanted.value = "POLPARTY=Democrat AGE=65+"
        await until(pilot, lambda: "POLPARTY=Democrat and AGE=65+" in str(picker.about.content))
        assert "talk only: the built-in survey has no figures" in str(picker.about.content)


async def test_groups_are_combined_and_the_conversation_goes_on_with_them(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Fewer."), reply("Because."))
    async with screen(session(corpus_file, engine), (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        chat(pilot).composer.insert("half a mess")
        picker = await opened(pilot)
        for wanted in ("democrat", "woman"):
            picker.wanted.value = wanted
            await pilot.press("f2")
        assert "steering: portray" in words(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: "I am a Democrat. I am a woman." in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Go on in this one" in shown(pilot))
        await pilot.press("g")
        await until(pilot, lambda: MARK in words(pilot))
        assert chat(pilot).composer.text == "half a mess"
        chat(pilot).composer.text = ""

        await type_text(pilot, "Why?")
        await until(pilot, lambda: "Because." in shown(pilot) and not chat(pilot).replies.busy)
        seen = words(pilot)
        assert seen.index("Fewer.") < seen.index(MARK) < seen.index("Because.")
        speakers = [entry.speaker for entry in chat(pilot).transcript.entries if entry.kind == "reply"]
        assert speakers == ["A Democrat", "Democrat and Female"]
        expected = system_prompt(composed(BOTH, "bio").persona)
        assert [message.content for message in engine.asked[-1]] == [expected, "Guns?", "Fewer.", "Why?"]

        await pilot.press("f3")
        await until(
            pilot, lambda: "The exact prompt" in shown(pilot) and "I am a Democrat. I am a woman." in words(pilot)
        )
        await pilot.press("escape", "ctrl+n")
        await until(pilot, lambda: "Because." not in shown(pilot))
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert conversation.persona == composed(BOTH, "bio").persona, "a new one is with the same persona"


async def test_a_combination_is_saved_and_then_in_the_list(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        picker = await opened(pilot)
        picker.wanted.value = "POLPARTY=Democrat SEX=Female"
        await until(pilot, lambda: "Democrat and Female" in words(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        pilot.app.screen.query_one("#name-of-persona").value = "democrat"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "is a persona of the library" in words(pilot))
        hint = pilot.app.screen.query_one("#hint", Static)
        assert str(hint.content).startswith("Not saved: "), "the reason stands where the name is asked for"
        pilot.app.screen.query_one("#name-of-persona").value = "ruth"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "Your own" in shown(pilot))
        assert own_persona_names() == ("ruth",)
        assert find_persona("ruth").persona.groups == BOTH
        await pilot.press("enter")
        await until(pilot, lambda: shown(pilot).startswith(" Democrat and Female"))

        chat(pilot).do("save-persona", "ruth")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "press Enter again to replace it" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))


async def test_the_prompt_of_a_persona_is_written_and_the_conversation_goes_on_with_it(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Fewer."), reply("Arr."))
    async with screen(session(corpus_file, engine), (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        picker = await opened(pilot)
        picker.wanted.value = "democrat-woman"
        await until(pilot, lambda: "Play the part of a woman" in words(pilot))
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(pilot.app.screen, WritePromptScreen))
        text = pilot.app.screen.query_one(TextArea)
        assert text.text == system_prompt(load_persona("democrat-woman").persona)
        text.text = "Talk like a pirate."
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: "The text is changed" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is picker)
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert conversation.persona.name == "democrat", "cancelled, nothing changes"

        await pilot.press("f6")
        await until(pilot, lambda: isinstance(pilot.app.screen, WritePromptScreen))
        pilot.app.screen.query_one(TextArea).text = "Talk like a pirate.\nShort."
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "from here on another persona: A Democrat woman (own prompt)" in words(pilot))
        await type_text(pilot, "Why?")
        await until(pilot, lambda: "Arr." in shown(pilot) and not chat(pilot).replies.busy)
        given = [message.content for message in engine.asked[-1]]
        assert given == ["Talk like a pirate.\nShort.", "Guns?", "Fewer.", "Why?"]

        await type_text(pilot, "/prompt-text Talk like a cook.")
        await until(pilot, lambda: "from here on steered otherwise: A Democrat woman (own prompt)" in words(pilot))
        chat(pilot).do("save-persona", "cook")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        saved = find_persona("cook").persona
        assert system_prompt(saved) == "Talk like a cook."
        assert saved.groups == BOTH, "it is still compared with the same group"
    with Corpus.open(corpus_file, read_only=True) as corpus:
        leaf = corpus.conversation(conversation.id).active_leaf_id
        assert leaf is not None
        made = [corpus.generation(row.id) for row in corpus.branch(leaf)]
    assert [(row.persona_name, row.system_prompt) for row in made if row is not None][1:] == [
        ("democrat-woman-own-prompt", "Talk like a pirate.\nShort.")
    ]


async def writing_prompt(pilot: Pilot[None]) -> TextArea:
    """Open the prompt of the persona of the conversation, and wait for it."""
    chat(pilot).do("prompt-text")
    await until(pilot, lambda: isinstance(pilot.app.screen, WritePromptScreen))
    return pilot.app.screen.query_one(TextArea)


async def test_a_prompt_that_is_being_written_when_the_program_ends_is_back(corpus_file: Path) -> None:
    before = system_prompt(load_persona("democrat").persona)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await writing_prompt(pilot)
        await pilot.press("enter", *"Rhyme.", "ctrl+q")

    async with screen(session(corpus_file, ScreenEngine(), persona="republican")) as pilot:
        text = await writing_prompt(pilot)
        assert text.text == system_prompt(load_persona("republican").persona), "it is that of another persona"

    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        text = await writing_prompt(pilot)
        assert text.text == f"{before}\nRhyme."
        await until(pilot, lambda: BROUGHT_BACK in words(pilot))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: text.text == before)
        await pilot.press("ctrl+y", *" Twice.")
        await until(pilot, lambda: text.text == f"{before}\nRhyme. Twice.")
        await pilot.press("escape")
        await until(pilot, lambda: "The text is changed" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))

        text = await writing_prompt(pilot)
        assert text.text == before, "it was given up"
        await pilot.press(*" Sing.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: shown(pilot).startswith(" A Democrat (own prompt)"))
    assert list(corpus_file.parent.glob("*-drafts/*")) == [], "it was gone on with"


async def test_a_prompt_that_cannot_be_one_stands_in_the_text_again(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        chat(pilot).composer.text = "/prompt-text Ring a bell \x07 often."
        await pilot.press("enter")
        await until(pilot, lambda: "your prompt" in words(pilot))
        assert chat(pilot).composer.text == "/prompt-text Ring a bell \x07 often."


@pytest.mark.slow
async def test_a_prompt_is_written_in_the_persons_editor(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[str]()

    async def edited(app: object, text: str, name: str) -> str:
        seen.append(text)
        return "Written in vi."

    monkeypatch.setattr(other_programs, "edited", edited)
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        chat(pilot).do("prompt-text")
        await until(pilot, lambda: isinstance(pilot.app.screen, WritePromptScreen))
        await pilot.press("alt+x")
        await until(pilot, lambda: "Written in vi." in words(pilot))
        assert seen == [system_prompt(load_persona("democrat").persona)]
        await pilot.press("f2")
        await until(pilot, lambda: shown(pilot).startswith(" A Democrat (own prompt)"))
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert system_prompt(conversation.persona) == "Written in vi."


@pytest.mark.slow
async def test_few_shot_is_shown_and_not_talked_with(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        picker = await opened(pilot)
        picker.wanted.value = "democrat"
        await pilot.press("f4", "f4", "f4", "f4")
        await until(pilot, lambda: "This is how people like you answered some other questions." in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: '"few_shot" is for chat-personas eval' in words(pilot))
        assert pilot.app.screen is picker


@pytest.mark.slow
async def test_the_new_persona_is_measured_where_it_begins_and_has_a_course_of_its_own(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Fewer."), reply("Because."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), (120, 60)) as pilot:

        def measured(turn: int, course: list[int]) -> bool:
            estimate = chat(pilot).panel.estimate
            if estimate is None or not estimate.complete or chat(pilot).replies.busy:
                return False
            return (estimate.turn, [point.turn for point in estimate.course]) == (turn, course)

        await type_text(pilot, "Guns?")
        await until(pilot, lambda: measured(1, [0, 1]))
        probed = engine.probed
        chat(pilot).do("go-on", "democrat-woman")
        await until(pilot, lambda: measured(1, [1]))
        assert engine.probed > probed, "nothing is taken over from the persona before"
        await type_text(pilot, "Why?")
        await until(pilot, lambda: measured(2, [1, 2]))
        found = chat(pilot).session.conversation
        assert found is not None
    with Corpus.open(corpus_file, read_only=True) as corpus:
        prompts = [row.system_prompt for row in corpus.measurements(found.id)]
    democrat = system_prompt(load_persona("democrat").persona)
    assert prompts == [democrat, democrat, *[system_prompt(composed(BOTH).persona)] * 2]
