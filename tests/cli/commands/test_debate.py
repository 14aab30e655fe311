"""`chat-personas debate`: a whole debate from the command line, with known figures."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, ReplyModel
from chat_personas.own_personas import save_persona
from chat_personas.reporting import models_found
from chat_personas.reporting.models_found import is_strange, what_opens
from eval.engine import Engine, EngineError, EngineInfo, Message, Piece, Sampling
from personas.composing import composed, groups_in
from scripts.docs import write_debate
from tests.cli.running import Command, only_line, write_survey
from tests.engines.llama.tiny import write_tiny_model
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, REPUBLICAN, question, town
from tests.reporting.reading import rows, tree, words

QUESTIONS = [f"Q{number}" for number in range(24)]
GUNS = ("democrat", "republican", "--topic", "Guns?")
# Of Democrats 80 of 100 choose the first of two options, of Republicans 20, of everyone 100 of 200. The model gives it
# 0.8, whoever it speaks for. On two options alignment is 1 - |p - q|.
TOWN = town(*(question(name, {DEMOCRAT: (80, 20), REPUBLICAN: (20, 80)}, overall=(100, 100)) for name in QUESTIONS))
AS_DEMOCRATS = {name: {"option 1": 0.8, "option 2": 0.2} for name in QUESTIONS}
BY_LETTER = {f"{name}/survey": {"option 1": 0.9} for name in QUESTIONS} | {
    f"{name}/reversed": {"option 2": 0.9} for name in QUESTIONS
}


class Failing(FakeEngine):
    """Speaks once, then the server is gone."""

    spoken = 0

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        self.spoken += 1
        if self.spoken > 1:
            raise EngineError("the server is gone")
        yield Piece("Yes.", finish_reason="stop")


@pytest.fixture
def held(
    command: Command, served_by: Callable[[Engine], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs `debate` on a survey of 24 questions and an engine that answers as Democrats do."""
    engine = FakeEngine(AS_DEMOCRATS)
    served_by(engine)
    monkeypatch.setattr(models_found, "shown_model", lambda _: engine.info.name)
    monkeypatch.setattr(models_found, "recorded_as", lambda _: (engine.info.name, engine.info.sha256))
    survey = write_survey(tmp_path / "town.json", TOWN)
    return lambda *arguments, **given: command("debate", *map(str, arguments), "--survey", survey, **given)


def test_the_keys_on_the_page_are_those_of_the_document() -> None:
    page = write_debate.PAGE.read_text(encoding="utf-8")
    assert write_debate.updated(page) == page


def course_of(report: dict[str, Any], place: int) -> dict[str, Any]:
    """The course of a side in a document."""
    found: dict[str, Any] = report["sides"][place]["course"]
    return found


def test_both_sides_speak_in_turn_and_the_course_of_both_is_shown(held: Command, tmp_path: Path) -> None:
    files = {name: tmp_path / f"debate.{name}" for name in ("json", "svg", "html")}
    ran = held(
        *GUNS, "--rounds", "2", "--measure", *(each for name, file in files.items() for each in (f"--{name}", file))
    )

    assert ran.code == 0
    assert ran.out.startswith("Moderator: Guns?\n\n" + "A Democrat: Yes.\n\nA Republican: Yes.\n\n" * 2)
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}, "they hold what was said"
    report = json.loads(files["json"].read_text())
    assert report["schema"] == "chat-personas/debate@1"
    assert [(turn["round"], turn["speaker"], turn["author"], turn["text"]) for turn in report["said"]] == [
        (1, "moderator", "person", "Guns?"), (1, "first", "model", "Yes."), (1, "second", "model", "Yes."),
        (2, "first", "model", "Yes."), (2, "second", "model", "Yes."),
    ]  # fmt: skip
    for place, alignment in ((0, 1.0), (1, 0.4)):
        course = course_of(report, place)
        assert [point["turn"] for point in course["points"]] == [0, 1, 2]
        assert [point["alignment"]["mean"] for point in course["points"]] == [pytest.approx(alignment)] * 3
        assert course["everyone"]["mean"] == pytest.approx(0.7)
        assert (course["questions"], course["left_out"], course["why"]) == (24, [], None)
        assert course["drift"]["difference"]["mean"] == pytest.approx(0.0)
        assert not course["drift"]["detectable"]
    found = rows(files["html"].read_text(), "Alignment with its own group")
    assert found["turn 2"] == ["1.000 [1.000, 1.000]", "0.400 [0.400, 0.400]"]
    assert found["everyone's answers"] == ["0.700 [0.700, 0.700]"] * 2
    drawn = tree(files["svg"].read_text())
    marks = [one.get("class") for one in drawn.iter() if one.get("class", "").startswith("mark")]
    assert "Dotted line of A Democrat: 0.70 [0.70, 0.70]." in words(files["svg"].read_text())
    assert marks.count("mark persona") == marks.count("mark uniform") == 1 + 1 + 3  # legend, reference, three turns


def test_the_persons_own_personas_and_composed_ones_may_debate(held: Command, home: Path) -> None:
    save_persona(composed(groups_in("POLPARTY=Democrat")).persona, "ruth")
    ran = held("ruth", "POLPARTY=Republican", "--topic", "Guns?", "--rounds", "1")
    assert ran.code == 0
    assert "Democrat: Yes.\n\nRepublican: Yes.\n\n" in ran.out


def test_what_is_not_sound_has_no_point_and_a_line_says_so(
    held: Command, served_by: Callable[[Engine], None], tmp_path: Path
) -> None:
    served_by(FakeEngine(BY_LETTER))
    ran = held(*GUNS, "--rounds", "1", "--measure", "--json", tmp_path / "d.json", "--svg", tmp_path / "d.svg")

    report = json.loads((tmp_path / "d.json").read_text())
    for place in (0, 1):
        course = course_of(report, place)
        assert (course["points"], course["everyone"], course["drift"]) == ([], None, None)
        assert course["why"].startswith("not sound: the model follows the letters")
    assert " ".join(ran.out.split()).count("not sound: the model follows the letters, not the answers") == 2
    drawn = (tmp_path / "d.svg").read_text()
    assert [one.tag for one in tree(drawn).iter() if one.get("class") == "line persona"] == []
    assert "A Democrat: not sound" in words(drawn)


def test_without_measuring_nothing_is_asked_and_nothing_is_drawn(
    held: Command, served_by: Callable[[Engine], None], tmp_path: Path
) -> None:
    engine = FakeEngine(AS_DEMOCRATS)
    served_by(engine)
    ran = held(*GUNS, "--rounds", "1", "--html", tmp_path / "page.html", "--json", "-")

    assert json.loads(ran.out)["sides"][0]["course"] is None
    assert "A Republican: Yes." in ran.err
    assert engine.asked == []
    assert "<svg" not in (tmp_path / "page.html").read_text()


def test_a_debate_goes_on_with_more_rounds_and_its_course_with_it(
    held: Command, corpus: Corpus, tmp_path: Path
) -> None:
    assert held(*GUNS, "--rounds", "1", "--measure").code == 0
    key = corpus.conversation_ids()[1]
    name = corpus.short_names()[key]
    assert held("--resume", name, "--rounds", "1", "--measure", "--json", tmp_path / "d.json").code == 0

    report = json.loads((tmp_path / "d.json").read_text())
    assert (report["rounds"], report["ended"], len(report["said"])) == (2, True, 5)
    assert [[point["turn"] for point in course_of(report, place)["points"]] for place in (0, 1)] == [[0, 1, 2]] * 2


def test_a_model_that_fails_leaves_what_was_said_and_how_to_go_on(
    held: Command, served_by: Callable[[Engine], None], corpus: Corpus
) -> None:
    served_by(Failing(AS_DEMOCRATS))
    ran = held(*GUNS)

    assert ran.code == 3
    name = corpus.short_names()[corpus.conversation_ids()[0]]
    assert f"go on with: chat-personas debate --resume {name}" in ran.err
    assert "the server is gone" in ran.err
    served_by(FakeEngine())
    assert held("--resume", name).out.startswith("Moderator: Guns?\n\nA Republican: Yes.\n\nA Democrat: Yes.\n\n")


def test_a_server_on_another_machine_is_sent_nothing_without_consent(
    held: Command, served_by: Callable[[Engine], None], corpus: Corpus
) -> None:
    info = EngineInfo("far", "openai", None, log_probabilities="exact", local=False)
    engine = FakeEngine(AS_DEMOCRATS, info=info)
    served_by(engine)
    ran = held(*GUNS, "--rounds", "2", "--measure")

    # Each side: 2 turns, and 3 rounds of 24 questions in 2 orders.
    assert (
        only_line(ran)
        == f"chat-personas: this sends {2 * (2 + 3 * 48)} requests to far and may cost money; add --yes to agree\n"
    )
    assert (engine.asked, corpus.conversation_ids()) == ([], ())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("democrat", "--topic", "Guns?"), "a debate has two personas"),
        (("democrat", "republican"), "say what they argue about with --topic"),
        ((*GUNS, "--resume", "abcd"), "leave out the personas and --topic"),
        ((*GUNS, "--svg", "-"), "add --measure"),
        (("democrat", "democrat", "--topic", "Guns?"), "on the same model"),
        ((*GUNS, "--rounds", "51"), "1 to 50 rounds"),
    ],
)
def test_a_debate_that_cannot_be_is_refused(
    held: Command, corpus: Corpus, arguments: tuple[str, ...], why: str
) -> None:
    ran = held(*arguments)

    assert ran.code == 2
    assert why in only_line(ran)
    assert corpus.conversation_ids() == ()


def two_models(home: Path) -> dict[str, Path]:
    """Put two models where models are looked for, and return their files by their names."""
    folder = home / "data" / "models"
    folder.mkdir(parents=True)
    return {
        name: write_tiny_model(folder / f"{name}.gguf", context=1024, seed=seed)
        for seed, name in enumerate(("one", "two"))
    }


def made_by(corpus: Corpus) -> list[list[str]]:
    """The models of the replies of each side, from the first to the last; the side that began is the first."""
    (key,) = {corpus.debate_of(each) for each in corpus.conversation_ids()}
    rows = [corpus.conversation(side.conversation_id) for side in corpus.debate_sides(str(key))]
    made = [(corpus.branch(str(row.active_leaf_id)), corpus.models(str(row.active_leaf_id))) for row in rows]
    return [[models[each.id].name for each in branch if each.id in models] for branch, models in made]


@pytest.fixture
def held_by_two(command: Command, home: Path, corpus: Corpus, brief: str) -> tuple[Command, dict[str, Path]]:
    """A debate of one round, the second side on a model of its own, and what goes on with it."""
    files = two_models(home)
    other = Path("other.toml")
    other.write_text(Path(brief).read_text().replace('"brief"', '"other"').replace("Somebody", "Another"))
    on = ("--model", str(files["one"]), "--second-model", str(files["two"]))
    assert command("debate", brief, str(other), "--topic", "Guns?", "--rounds", "1", *on).code == 0
    name = corpus.short_names()[corpus.conversation_ids()[0]]
    return lambda *given: command("debate", "--resume", name, "--rounds", "1", *given), files


def test_each_side_goes_on_with_the_model_of_its_last_reply(
    held_by_two: tuple[Command, dict[str, Path]], corpus: Corpus
) -> None:
    go_on, files = held_by_two
    assert go_on().code == 0
    assert made_by(corpus) == [["one", "one"], ["two", "two"]]

    assert go_on("--model", str(files["two"])).code == 0
    assert made_by(corpus) == [["one", "one", "two"], ["two"] * 3]
    assert go_on("--second-model", str(files["one"])).code == 0
    assert made_by(corpus) == [["one", "one", "two", "two"], ["two", "two", "two", "one"]]


def test_a_model_that_is_gone_is_named_with_what_to_write(
    held_by_two: tuple[Command, dict[str, Path]], corpus: Corpus
) -> None:
    go_on, files = held_by_two
    write_tiny_model(files["two"], context=1024, seed=7)  # another model of the same name
    ran = go_on()
    assert ran.code == 2
    assert only_line(ran) == (
        "chat-personas: Another of few words: the model two was not found on this machine; "
        "name the model to go on with: --second-model M\n"
    )
    assert made_by(corpus) == [["one"], ["two"]]
    assert go_on("--second-model", str(files["one"])).code == 0
    assert made_by(corpus) == [["one", "one"], ["two", "one"]]


def test_a_model_that_both_sides_spoke_on_is_replaced_by_one_option(
    command: Command, home: Path, corpus: Corpus, brief: str
) -> None:
    files = two_models(home)
    other = Path("other.toml")
    other.write_text(Path(brief).read_text().replace('"brief"', '"other"').replace("Somebody", "Another"))
    sides = (brief, str(other), "--topic", "Guns?")
    assert command("debate", *sides, "--rounds", "1", "--model", str(files["one"])).code == 0
    name = corpus.short_names()[corpus.conversation_ids()[0]]
    assert command("debate", "--resume", name, "--rounds", "1", "--model", str(files["two"])).code == 0
    assert made_by(corpus) == [["one", "two"]] * 2


def test_a_server_that_only_the_corpus_names_is_not_connected_to() -> None:
    far = "https://far.example/v1#large"
    assert what_opens(ReplyModel(far, None), ()) == far, "opening it says what is wrong"
    assert is_strange(far, ["pocket", "https://other.example/v1"])
    assert not is_strange(far, ["https://far.example/v1/"])
    assert not is_strange(far, ["https://me:secret@far.example/v1#small"])
    assert not is_strange("http://127.0.0.1:8080/v1#a", [])
    assert not is_strange("pocket", [])
