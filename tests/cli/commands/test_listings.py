"""What is there to choose from: personas, surveys, models; and whether a persona file is right."""

import json
import shutil
from pathlib import Path

import pytest
from rich.cells import cell_len

from chat_personas.paths import personas_directory
from personas import ALL_GROUPS, load_persona, system_prompt
from tests.cli.running import Command, only_line
from tests.engines.llama.tiny import TEMPLATE, write_tiny_model


def test_personas_list_has_every_group_by_itself_combined_ones_and_one_unsteered(command: Command) -> None:
    lines = command("personas", "list").out.splitlines()
    assert len(lines) == 67
    assert all(any(line.endswith(f" {group}") for line in lines) for group in ALL_GROUPS)
    assert sum(line.count("=") == 2 for line in lines) == 6
    assert sum(line.endswith("no group") for line in lines) == 1


def test_no_name_or_title_sticks_out_of_its_column_in_personas_list(command: Command, brief: str) -> None:
    directory = personas_directory()
    directory.mkdir(parents=True)
    own = Path(brief).read_text().replace("brief", f"my-{'long-' * 6}name")
    (directory / f"my-{'long-' * 6}name.toml").write_text(own)
    lines = command("personas", "list").out.splitlines()
    assert len(lines) == 68
    of_one = [line for line in lines if line.count("=") == 1]
    starts = {line.rindex(f" {group}") for group in ALL_GROUPS for line in of_one if line.endswith(f" {group}")}
    assert len(starts) == 1
    (mine,) = (line for line in lines if line.startswith("my-long"))
    assert mine.index(" POLPARTY=") in starts


def test_personas_show_prints_the_file_and_the_prompt(command: Command) -> None:
    shown = command("personas", "show", "democrat").out
    loaded = load_persona("democrat")
    assert shown.startswith(loaded.path.read_text().rstrip())
    assert system_prompt(loaded.persona) in shown.replace("\n# ", "\n")
    assert loaded.sha256 in shown


@pytest.mark.parametrize("name", ["democrat", "unsteered"])
def test_what_personas_show_prints_is_that_persona_again(command: Command, name: str) -> None:
    Path("again.toml").write_text(command("personas", "show", name).out)
    assert command("personas", "check", "again.toml").code == 0
    assert load_persona("again.toml").persona == load_persona(name).persona


def test_personas_show_obeys_no_command_to_the_terminal(command: Command, brief: str) -> None:
    with Path(brief).open("a") as file:
        file.write("# \x9b2J in a comment\n")
    assert "# <9B>2J in a comment" in command("personas", "show", brief).out


def test_personas_check_says_that_a_right_file_is_right(command: Command, brief: str) -> None:
    ran = command("personas", "check", brief)
    assert (ran.code, ran.out) == (0, "brief.toml: valid\n")


def test_personas_check_says_whether_a_survey_has_figures_for_its_people(command: Command, brief: str) -> None:
    men = {"counts": [3, 1], "refused": 0}
    figures = {"overall": {"counts": [6, 2], "refused": 0}, "responses": {"SEX": {"Male": men}}}
    options = [{"text": "Yes", "ordinal": 1}, {"text": "No", "ordinal": 2}]
    asked = {"id": "q", "topics": ["buses"], "stem": "Free?", "paraphrased": False, "options": options, "refusals": []}
    survey = {"schema": "chat-personas/survey@1", "name": "men", "title": "Men", "source": "here", "licence": "CC0"}
    document = survey | {"years": [2024], "weighted": False, "questions": [asked | figures]}
    Path("men.json").write_text(json.dumps(document))
    ran = command("personas", "check", brief, "--survey", "men.json")
    assert ran.code == 0
    assert ran.out.splitlines()[1].startswith("brief.toml: the survey men has no figures for its groups")
    Path(brief).write_text(Path(brief).read_text().replace("POLPARTY", "SEX").replace("Democrat", "Male"))
    assert command("personas", "check", brief, "--survey", "men.json").out == "brief.toml: valid\n"
    assert command("personas", "check", brief, "--survey", "gone.json").code == 2


def test_show_and_check_say_which_text_the_built_in_model_hardly_follows(command: Command, brief: str) -> None:
    note = "the built-in model hardly follows the persona's [voice]; a real model does (chat-personas models list)"
    assert note not in command("personas", "show", brief).out
    with Path(brief).open("a") as file:
        file.write('\n[voice]\nstyle = "Talk like a pirate."\n')
    assert f"# {note}\n" in command("personas", "show", brief).out
    assert command("personas", "check", brief).out == f"brief.toml: valid\nbrief.toml: {note}\n"


def test_personas_check_names_every_line_that_is_wrong(command: Command, brief: str) -> None:
    text = Path(brief).read_text().replace("title", "titel").replace("Democrat", "Demokrat")
    Path(brief).write_text(text)
    ran = command("personas", "check", brief)
    assert ran.code == 2
    assert [line.split(":")[0] for line in ran.out.splitlines()] == ["line 4", "line 8"]
    assert "title" in ran.out
    assert "Democrat" in ran.out


def test_personas_check_of_a_file_that_is_not_there(command: Command) -> None:
    ran = command("personas", "check", "gone.toml")
    assert ran.code == 2
    assert 'there is no file "gone.toml"; check the path' in only_line(ran)


def test_surveys_are_listed_and_shown_with_what_their_figures_are(command: Command) -> None:
    assert command("surveys", "list").out.startswith("civic ")
    shown = command("surveys", "show", "civic").out
    assert "unweighted; paraphrased" in shown
    assert "POLPARTY=Democrat" in shown
    assert "  - " not in shown
    assert command("surveys", "show", "civic", "--questions").out.count("\n  - ") > 100


@pytest.mark.parametrize("survey", ["civic", "gone.json"])
def test_a_group_that_is_not_there_is_said_before_the_survey_is_read_and_shown(command: Command, survey: str) -> None:
    ran = command("surveys", "show", survey, "--group", "SEX=Female", "--group", "POLPARTY=Demokrat")
    assert (ran.code, ran.out) == (2, "")
    assert 'no group "POLPARTY=Demokrat"; did you mean "POLPARTY=Democrat"?' in only_line(ran)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ("POLPARTY=Republican", "POLPARTY=Democrat and POLPARTY=Republican exclude each other"),
        ("POLPARTY=Democrat", "duplicate group POLPARTY=Democrat"),
    ],
)
def test_groups_to_which_nobody_can_belong_at_once_are_named_as_a_mistake(
    command: Command, other: str, problem: str
) -> None:
    groups = ["--group", "POLPARTY=Democrat", "--group", "SEX=Female", "--group", other]
    ran = command("surveys", "show", "civic", *groups)
    assert (ran.code, ran.out) == (2, "")
    assert f"--group: {problem}; keep one of them" in only_line(ran)


def test_models_of_the_users_own_are_listed_by_name_and_opened(command: Command, home: Path, tiny: str) -> None:
    (home / "data" / "models").mkdir(parents=True)
    shutil.copy(tiny, home / "data" / "models" / "my-tiny.gguf")
    listed = command("models", "list").out
    assert "pocket " in listed
    assert "says nothing about real people" in listed
    assert "my-tiny " in listed
    shown = json.loads(command("models", "show", "my-tiny").out)
    assert (shown["name"], shown["log_probabilities"]) == ("my-tiny", "exact")


def test_sizes_of_models_line_up_however_wide_a_name_is(command: Command, home: Path, tiny: str) -> None:
    (home / "data" / "models").mkdir(parents=True)
    shutil.copy(tiny, home / "data" / "models" / "日本語モデル.gguf")
    sizes = [line.partition(" MB")[0] for line in command("models", "list").out.splitlines() if " MB" in line]
    assert len(sizes) == 2
    assert len({cell_len(line) for line in sizes}) == 1


@pytest.mark.parametrize("arguments", [("personas",), ("surveys",), ("models",), ("corpus",), ("cache",)], ids=" ".join)
def test_a_group_of_commands_by_itself_says_what_it_has(command: Command, arguments: tuple[str, ...]) -> None:
    ran = command(*arguments)
    assert "Commands:" in ran.out + ran.err


def test_personas_that_civic_has_no_figures_for_are_told_before_a_survey_is_put_to_them(
    command: Command, brief: str
) -> None:
    lines = command("personas", "list").out.splitlines()
    assert any(line.startswith("protestant ") and "talk only" in line for line in lines)
    assert not any(line.startswith("democrat ") and "talk only" in line for line in lines)
    Path(brief).write_text(Path(brief).read_text().replace("POLPARTY", "RELIG").replace("Democrat", "Mormon"))
    ran = command("personas", "check", brief)
    assert (ran.code, "you can talk with it, but not compare it with people" in ran.out) == (0, True)


def test_the_list_of_models_says_which_are_base_models_and_for_which_a_template_was_given(
    command: Command, home: Path
) -> None:
    (home / "data" / "models").mkdir(parents=True)
    for name, template in (("chatty", TEMPLATE), ("base", None), ("given", None), ("plain", TEMPLATE)):
        write_tiny_model(home / "data" / "models" / f"{name}.gguf", template=template)
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text('[templates]\ngiven = "chatml"\nplain = "plain"\n')
    told = dict(line.split(maxsplit=1) for line in command("models", "list").out.splitlines()[:5])
    assert {name: line.partition(" MB")[2].strip() for name, line in told.items() if name != "pocket"} == {
        "base": "a base model: it continues text",
        "chatty": "",
        "given": "asked through the template chatml, which was given for it",
        "plain": "a base model: it continues text",
    }
