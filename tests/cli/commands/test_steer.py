"""`steer`: directions are trained, judged, listed, used and deleted, and what does not fit is refused in one line."""

import json
import re
import sys
from pathlib import Path

import pytest

from chat_personas.paths import directions_directory
from chat_personas.steering.direction_file import read_direction
from chat_personas.steering.kept_states import Purpose, kept_states
from eval.surveys.loading import load_survey
from tests.cli.running import Command, only_line, write_survey
from tests.cli.still_output import faults_of
from tests.engines.llama.tiny import write_tiny_model

WORDS = ("people", "government", "more", "should", "the", "and")


@pytest.fixture
def pairs(tmp_path: Path) -> str:
    """Twelve pairs of texts in a file."""
    lines = [{"positive": f"{word} {n}!", "negative": f"{word} {n}?"} for word in WORDS for n in (1, 2)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return str(path)


@pytest.fixture
def other_model(tmp_path: Path) -> str:
    return str(write_tiny_model(tmp_path / "other.gguf", seed=9))


def survey_of(path: Path, questions: int) -> str:
    """A file with the first questions of the built-in survey."""
    survey = load_survey("civic").survey
    return write_survey(path, survey.model_copy(update={"questions": survey.questions[:questions]}))


@pytest.fixture
def trained(command: Command, tiny: str, pairs: str) -> Path:
    """The file of the direction `loud`, trained on the tiny model."""
    ran = command("steer", "train", "loud", "--pairs", pairs, "--model", tiny)
    assert ran.code == 0, ran.err
    (path,) = directions_directory().glob("loud/*")
    return path


def test_training_prints_how_well_held_out_texts_are_separated(command: Command, trained: Path, tiny: str) -> None:
    out = command("steer", "show", "loud").out
    assert "loud · llama · width 64" in out
    assert "trained on 6 pairs of texts, judged on 6 other pairs" in out
    assert f"chosen: layer {read_direction(trained).direction.best}, in which the training texts lie farthest" in out
    (line,) = [line.split() for line in out.splitlines() if line.strip().startswith("1 ")]
    assert 0 <= float(line[1]) <= 1
    assert trained.stat().st_mode & 0o777 == 0o600


def test_under_the_setting_accessible_a_layer_is_a_sentence_and_no_bar(
    command: Command, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_ACCESSIBLE", "true")
    out = command("steer", "show", "loud").out
    assert faults_of(out.encode()) == []
    said = r"^layer 1: area \d\.\d{3}, from \d\.\d{3} to \d\.\d{3}; \d of 6 pairs; agreement (minus )?\d\.\d\d$"
    assert re.search(said, " ".join(out.split()).replace(" layer", "\nlayer"), re.MULTILINE)


def test_nothing_else_is_left_of_a_training(trained: Path) -> None:
    assert list(directions_directory().rglob("*.*")) == [trained]


def test_a_direction_is_listed_with_its_model_and_can_be_checked(command: Command, trained: Path, tiny: str) -> None:
    assert command("steer", "list").out.split()[:2] == ["loud", Path(tiny).stem]
    assert command("steer", "check", "loud", "--model", tiny).out == f"loud: fits {Path(tiny).stem}\n"


def test_a_damaged_direction_hides_no_other_one_from_the_list(
    command: Command, trained: Path, tiny: str, pairs: str
) -> None:
    assert command("steer", "train", "other", "--pairs", pairs, "--model", tiny).code == 0
    trained.write_bytes(trained.read_bytes()[:1000])
    ran = command("steer", "list")
    assert ran.code == 0
    other, damaged = ran.out.splitlines()
    assert other.startswith("other ")
    assert damaged.split(maxsplit=1) == [
        "loud",
        "damaged: train it again with --replace, or remove it with steer delete",
    ]


def test_a_model_of_one_layer_is_refused_before_anything_is_read(command: Command, tmp_path: Path, pairs: str) -> None:
    flat = str(write_tiny_model(tmp_path / "flat.gguf", layers=1))
    ran = command("steer", "train", "loud", "--pairs", pairs, "--model", flat)
    assert (ran.code, only_line(ran)) == (2, "chat-personas: flat has one layer; a direction needs a model with more\n")
    assert command("steer", "list").code == 0


@pytest.mark.slow
def test_a_persona_that_is_steered_from_inside_is_asked_again_along_its_direction(
    command: Command, trained: Path, tiny: str, tmp_path: Path
) -> None:
    persona = tmp_path / "loud.toml"
    persona.write_text(
        'schema = "chat-personas/persona@1"\nname = "loud"\ntitle = "Loud"\nsteering = "activation"\n'
        '[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n'
        '[[activation]]\ndirection = "loud"\nstrength = 2.0\n'
    )
    assert command("eval", str(persona), "--model", tiny, "--limit", "4", "--json", "r.json").code == 0
    verify = ("report", "verify", "r.json", "--replay", "100", "--persona", str(persona), "--model", tiny)
    ran = command(*verify)
    assert ran.code == 0, ran.out
    assert "8 probes asked again" in ran.out
    other = command(
        "steer", "train", "loud", "--positive", "democrat", "--negative", "republican", "--model", tiny, "--replace"
    )
    assert other.code == 0
    ran = command(*verify)
    assert ran.code == 2
    assert "not those of the report any more" in only_line(ran)


def test_a_direction_of_another_model_is_refused(command: Command, trained: Path, other_model: str) -> None:
    ran = command("steer", "check", "loud", "--model", other_model)
    assert ran.code == 2
    assert "is kept for other models and not for this one; train it on this one" in only_line(ran)
    ran = command("steer", "check", str(trained), "--model", other_model)
    assert ran.code == 2
    assert "was trained on another model and means nothing in this one" in only_line(ran)


def test_a_direction_is_not_replaced_by_accident(command: Command, trained: Path, tiny: str, pairs: str) -> None:
    before = trained.read_bytes()
    ran = command("steer", "train", "loud", "--pairs", pairs, "--model", tiny, "--seed", "1")
    assert ran.code == 2
    assert "add --replace" in only_line(ran)
    assert trained.read_bytes() == before
    assert command("steer", "train", "loud", "--pairs", pairs, "--model", tiny, "--seed", "1", "--replace").code == 0
    assert trained.read_bytes() != before


@pytest.mark.parametrize(("layers", "kept"), [("2", [2]), ("1,3", [1, 3]), ("2-3", [2, 3]), ("all", [1, 2, 3])])
def test_the_layers_that_are_asked_for_are_kept(
    command: Command, tmp_path: Path, pairs: str, layers: str, kept: list[int]
) -> None:
    model = str(write_tiny_model(tmp_path / "deep.gguf", layers=4))
    ran = command("steer", "train", "loud", "--pairs", pairs, "--model", model, "--layers", layers)
    assert ran.code == 0, ran.err
    (path,) = directions_directory().glob("loud/*")
    assert list(read_direction(path).direction.layers) == kept


def test_layers_that_the_model_does_not_have_are_refused_in_short_before_it_reads(
    command: Command, tiny: str, trained: Path, pairs: str
) -> None:
    ran = command("steer", "train", "other", "--pairs", pairs, "--model", tiny, "--layers", "0,3-40")
    assert ran.code == 2
    assert "has no direction in layers 0, 3 to 40; its layers are 1 to" in only_line(ran)
    assert list(directions_directory().rglob("*.*")) == [trained]
    ran = command(
        "steer",
        "sweep",
        "loud",
        "--model",
        tiny,
        "--toward",
        "POLPARTY=Democrat",
        "--against",
        "POLPARTY=Republican",
        "--layers",
        "3-40",
    )
    assert ran.code == 2
    assert "has no vector for layers 3 to 40; it has layer" in only_line(ran)


def test_deleting_needs_agreement(command: Command, trained: Path) -> None:
    ran = command("steer", "delete", "loud")
    assert ran.code == 2
    assert "add --yes" in only_line(ran)
    assert trained.exists()
    assert command("steer", "delete", "loud", "--yes").code == 0
    assert not trained.exists()
    assert "no direction has been trained yet" in command("steer", "list").out


def test_an_interrupted_training_is_listed_and_can_be_deleted(command: Command, trained: Path) -> None:
    begun = trained.parent.parent / "half" / "0123.states"
    begun.parent.mkdir()
    begun.write_bytes(b"what was read")
    assert command("steer", "list").out.splitlines()[1].split()[:2] == ["half", "interrupted:"]
    assert command("steer", "delete", "half", "--yes").code == 0
    assert not begun.exists()
    assert trained.exists()


def test_a_training_under_way_is_said_to_be_and_not_deleted(command: Command, trained: Path) -> None:
    begun = trained.parent.parent / "half" / "0123.states"
    begun.parent.mkdir()
    with kept_states(begun, Purpose("p", "m", "build", layers=2, width=3)):
        assert "being trained by another program" in command("steer", "list").out.splitlines()[1]
        ran = command("steer", "delete", "half", "--yes")
        assert ran.code == 2
        assert "another program is training half" in only_line(ran)
        assert begun.exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"positive": "Sir", "negative": "hey"', "line 1: column 38: this is not JSON"),
        ('{"positive": "Sir", "positive": "x", "negative": "hey"}', 'line 1: duplicate key "positive"'),
        ('{"positive": "Sir", "negative": "hey"}', "has 1 pair; give at least 8"),
    ],
)
def test_what_is_wrong_with_a_line_of_pairs_is_said(command: Command, tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(line)
    ran = command("steer", "train", "loud", "--pairs", str(path))
    assert ran.code == 2
    assert said in only_line(ran)


def test_groups_that_exclude_each_other_are_named_with_their_option(command: Command) -> None:
    both = ("--toward", "POLPARTY=Democrat", "--toward", "POLPARTY=Republican")
    ran = command("steer", "sweep", "loud", *both)
    assert ran.code == 2
    assert "--toward: POLPARTY=Democrat and POLPARTY=Republican exclude each other" in only_line(ran)


@pytest.mark.parametrize("side", ["5", '["a"]', "null"])
def test_a_side_that_is_not_a_text_is_named_in_plain_words(command: Command, tmp_path: Path, side: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f'{{"positive": {side}, "negative": "hey"}}')
    ran = command("steer", "train", "loud", "--pairs", str(path))
    assert ran.code == 2
    assert "line 1: positive is not a text; write one in double quotes, or an object" in only_line(ran)


def test_a_strength_that_leaves_no_answer_is_a_failure_of_the_model(
    command: Command, trained: Path, tiny: str, tmp_path: Path
) -> None:
    path = tmp_path / "loud.toml"
    path.write_text(
        'schema = "chat-personas/persona@1"\nname = "loud"\ntitle = "Loud"\nsteering = "activation"\n'
        '[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n[[activation]]\ndirection = "loud"\nstrength = 3e38\n'
    )
    ran = command("eval", str(path), "--model", tiny, "--limit", "5", "--no-unsteered")
    assert ran.code == 3
    assert "no question was answered" in ran.err
    assert "use a smaller strength" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "../loud"], "cannot be a direction's name"),
        (["train", "loud"], "name them with --positive and --negative, or --pairs"),
        (["train", "loud", "--positive", "democrat"], "name them with --positive and --negative"),
        (["train", "loud", "--positive", "democrat", "--negative", "democrat"], "have the same prompt"),
        (["train", "loud", "--pairs", "nowhere.jsonl"], 'there is no file "nowhere.jsonl"'),
        (["train", "loud", "--method", "svm", "--pairs", "x"], "--method svm"),
        (["show", "loud"], 'there is no direction "loud"'),
        (["delete", "loud", "--yes"], 'there is no direction "loud"'),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(command: Command, arguments: list[str], said: str) -> None:
    ran = command("steer", *arguments)
    assert ran.code == 2
    assert said in only_line(ran)
    assert not directions_directory().exists()


INSIDE = {
    "activation": 'steering = "activation"\n[[activation]]\ndirection = "loud"',
    "ablation": 'steering = "ablation"\n[[ablation]]\ndirection = "loud"',
    "few_shot": 'steering = "few_shot"',
}


@pytest.mark.parametrize("steering", INSIDE)
def test_a_persona_that_is_more_than_its_prompt_never_stands_for_one_without_steering(
    command: Command, trained: Path, tiny: str, tmp_path: Path, steering: str
) -> None:
    inside = tmp_path / "inside.toml"
    how, _, tables = INSIDE[steering].partition("\n")
    inside.write_text(
        f'schema = "chat-personas/persona@1"\nname = "inside"\ntitle = "Inside"\n{how}\n'
        f'[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n{tables}\n'
    )
    for arguments in (
        ("steer", "train", "other", "--positive", str(inside), "--negative", "republican", "--model", tiny),
        ("steer", "train", "other", "--positive", "republican", "--negative", str(inside), "--model", tiny),
        ("steer", "ablate", "loud", "--personas", f"{inside},republican", "--model", tiny),
        ("matrix", str(inside), "--model", tiny),
    ):
        ran = command(*arguments)
        assert ran.code == 2
        assert f'inside: steering "{steering}" is more than a prompt' in only_line(ran)
        assert "name a persona with steering" in only_line(ran)
    assert list(directions_directory().rglob("*.*")) == [trained]


def test_a_server_cannot_be_steered(command: Command, pairs: str) -> None:
    ran = command("steer", "train", "loud", "--pairs", pairs, "--model", "http://127.0.0.1:9/v1")
    assert ran.code == 2
    assert "a server does not show the hidden states of its model" in only_line(ran)


def test_a_persona_is_asked_under_its_direction(command: Command, trained: Path, tiny: str, tmp_path: Path) -> None:
    def persona(strength: float) -> str:
        path = tmp_path / f"loud-{strength}.toml"
        path.write_text(
            'schema = "chat-personas/persona@1"\nname = "loud"\ntitle = "Loud"\nsteering = "activation"\n'
            f'[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n'
            f'[[activation]]\ndirection = "loud"\nstrength = {strength}\n'
        )
        return str(path)

    def answers(strength: float) -> tuple[list[str], list[float]]:
        path = tmp_path / "report.json"
        ran = command("eval", persona(strength), "--model", tiny, "--limit", "20", "--json", str(path))
        assert ran.code == 0, ran.err
        report = json.loads(path.read_text())
        return report["model"]["interventions"], [
            share for question in report["questions"] for share in question["model"]
        ]

    nothing, moved = answers(0.0), answers(5.0)
    assert "strength 5.0" in moved[0][0]
    assert "add loud" in moved[0][0]
    assert sum(abs(one - other) for one, other in zip(nothing[1], moved[1], strict=True)) > 0.1


@pytest.mark.skipif(sys.platform == "win32", reason="paths")
def test_a_persona_that_names_no_direction_of_the_model_is_refused(command: Command, tiny: str, tmp_path: Path) -> None:
    path = tmp_path / "persona.toml"
    path.write_text(
        'schema = "chat-personas/persona@1"\nname = "x"\ntitle = "X"\nsteering = "ablation"\n'
        '[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n[[ablation]]\ndirection = "nowhere"\n'
    )
    ran = command("eval", str(path), "--model", tiny)
    assert ran.code == 2
    assert 'there is no direction "nowhere"' in only_line(ran)


@pytest.mark.slow
def test_a_sweep_goes_on_where_it_was_and_writes_a_chart_and_a_page(
    command: Command, trained: Path, tiny: str, tmp_path: Path
) -> None:
    sweep = (
        "steer",
        "sweep",
        "loud",
        "--model",
        tiny,
        "--strengths=0.5",
        "--survey",
        survey_of(tmp_path / "s.json", 8),
    )
    sweep += ("--toward", "POLPARTY=Democrat", "--against", "POLPARTY=Republican")
    files = [str(tmp_path / name) for name in ("sweep.html", "sweep.svg", "sweep.json")]
    ran = command(*sweep, "--html", files[0], "--svg", files[1], "--json", files[2])
    assert ran.code == 0, ran.err
    assert "Simulated by a language model, not a poll" in Path(files[1]).read_text()
    assert "What a direction does, and what it costs" in Path(files[0]).read_text()
    document = json.loads(Path(files[2]).read_text())
    assert set(document["steps"][0]["cost"]) == {"divergence", "log_likelihood", "repetition", "distinct"}
    assert document["steps"][0]["cost"]["divergence"] > 0
    assert document["unsteered_cost"]["divergence"] == 0
    again = command(*sweep)
    assert again.out == ran.out
    counts = [int(word) for word in again.err.split() if word.isdigit()]
    assert counts[0] == counts[1]  # every answer came from the cache


def test_what_is_told_of_a_strength_does_not_depend_on_the_others(
    command: Command, trained: Path, tiny: str, tmp_path: Path
) -> None:
    survey = survey_of(tmp_path / "s.json", 4)
    groups = ("--toward", "POLPARTY=Democrat", "--against", "POLPARTY=Republican")
    found = []
    for strengths in ("0.5", "-1,0.25,0.5"):
        ran = command(
            *("steer", "sweep", "loud", "--model", tiny, "--survey", survey, *groups),
            *(f"--strengths={strengths}", "--layers", "all", "--no-cache", "--json", "-"),
        )
        assert ran.code == 0, ran.err
        document = json.loads(ran.out)
        assert document["layers"] == [1]
        found.append((document["unsteered_cost"], document["steps"][-1]))
    assert found[0][1]["strength"] == 0.5
    assert found[0] == found[1]


@pytest.mark.slow
def test_two_personas_are_compared_with_and_without_a_direction(
    command: Command, trained: Path, tiny: str, tmp_path: Path
) -> None:
    ran = command("steer", "ablate", "loud", "--model", tiny)
    assert ran.code == 2
    assert "name them with --personas A,B" in only_line(ran)
    asked = ("--survey", survey_of(tmp_path / "s.json", 8), "--personas", "democrat,republican", "--json", "-")
    ran = command("steer", "ablate", "loud", "--model", tiny, *asked)
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert document["schema"] == "chat-personas/ablation@1"
    assert [side["persona"]["name"] for side in document["sides"]] == ["democrat", "republican"]
    assert len(document["held_out_questions"]) == 4
    assert command("steer", "ablate", "loud", "--model", tiny, "--personas", "democrat").code == 2


@pytest.mark.slow
def test_every_steering_stands_side_by_side(command: Command, trained: Path, tiny: str, tmp_path: Path) -> None:
    short = survey_of(tmp_path / "s.json", 18)
    side_by_side = ("eval", "democrat", "--steering", "all", "--model", tiny, "--survey", short)
    files = str(tmp_path / "table.json"), str(tmp_path / "table.html")
    ran = command(*side_by_side, "--direction", "loud", "--json", files[0], "--html", files[1])
    assert ran.code == 0, ran.err
    document = json.loads(Path(files[0]).read_text())
    assert document["schema"] == "chat-personas/steering-table@1"
    assert [row["name"] for row in document["rows"]][-3:] == ["add", "clamp", "ablate"]
    assert not set(document["training_questions"]) & set(document["held_out_questions"])
    assert "none: not sound" in ran.out  # a random model answers nothing
    assert "every steering side by side" in Path(files[1]).read_text()


@pytest.mark.slow
def test_beside_the_other_steerings_stands_how_to_train_a_direction_where_there_is_none(
    command: Command, tiny: str, tmp_path: Path
) -> None:
    short = survey_of(tmp_path / "s.json", 18)
    without = command("eval", "democrat", "--steering", "all", "--model", tiny, "--survey", short)
    assert without.code == 0, without.err
    said = " ".join(without.out.split())
    assert "add: not measured, democrat has no direction for this model; with the same --model, train one: " in said
    trained = "steer", "train", "democrat-republican", "--positive", "democrat", "--negative", "republican"
    assert f"chat-personas {' '.join(trained)}" in said
    assert command(*trained, "--model", tiny, "--survey", short).code == 0
    along = command("eval", "democrat", "--steering", "all", "--model", tiny, "--survey", short, "--json", "-")
    assert json.loads(along.out)["direction"]["name"] == "democrat-republican"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steering", "all", "--limit", "20"], "leave out --limit"),
        (["--steering", "all", "--fail-under", "0"], "leave out --fail-under"),
        (["republican", "--steering", "all"], "is about one persona"),
        (["--direction", "loud"], "--direction is for --steering all"),
        (["--steering", "all", "--direction", "nowhere"], 'there is no direction "nowhere"'),
    ],
)
def test_what_the_table_does_not_heed_is_refused(command: Command, tiny: str, arguments: list[str], said: str) -> None:
    ran = command("eval", "democrat", *arguments, "--model", tiny)
    assert ran.code == 2
    assert said in only_line(ran)
