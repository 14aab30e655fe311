"""`personas check`: every problem of a file, its line and the fix."""

from pathlib import Path

import pytest

from personas import check

HEAD = """\
schema = "chat-personas/persona@1"
name = "joe"
title = "Joe"
steering = "portray"
[[groups]]
attribute = "SEX"
value = "Male"
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "persona.toml"
    file.write_text(text, encoding="utf-8")
    return [str(problem) for problem in check(file)]


def test_a_good_file_has_none(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD) == []


def test_all_problems_are_reported_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = """\
# a comment
schema = "chat-personas/persona@2"
name = "my persona"
titel = "x"
steering = "protray"
[[groups]]
attribute = "POLPARTI"
value = "Democrat"
[[groups]]
attribute = "SEX"
value = "Femail"
sex = 1
[voice]
styl = "x"
[sampling]
temperature = 3
top_p = nan
seed = "a"
"""
    assert problems(tmp_path, text) == [
        'line 2: schema is "chat-personas/persona@2"; write "chat-personas/persona@1"',
        'line 3: name is "my persona"; use only letters, digits and dashes, and no dash at the beginning',
        'line 4: there is no key "titel"; did you mean "title"?',
        'line 5: there is no steering "protray"; did you mean "portray"?',
        'line 7: there is no attribute "POLPARTI"; did you mean "POLPARTY"? '
        "(an attribute of your own needs a name less like it)",
        'line 11: SEX has no value "Femail"; did you mean "Female"?',
        'line 12: there is no key "sex" in [[groups]]; write "attribute" or "value"',
        'line 14: there is no key "styl" in [voice]; did you mean "style"?',
        "line 16: sampling.temperature is 3; write 2 or less",
        "line 17: sampling.top_p is nan; write a finite number",
        'line 18: sampling.seed is "a"; write a whole number, without quotes',
    ]


def test_an_empty_file_is_told_what_a_persona_needs(tmp_path: Path) -> None:
    assert problems(tmp_path, "") == [
        'line 1: schema is missing; add schema = "chat-personas/persona@1"',
        'line 1: name is missing; add name = "..."',
        'line 1: title is missing; add title = "..."',
        'line 1: steering is missing; add steering = "..."',
    ]


def test_a_missing_key_is_not_hidden_by_an_unrelated_unknown_one(tmp_path: Path) -> None:
    text = HEAD.replace('title = "Joe"', "x = 1")
    assert problems(tmp_path, text) == [
        'line 1: title is missing; add title = "..."',
        'line 3: there is no key "x"; write "schema", "name", "title", "steering", "groups", "voice", "prompt", '
        '"sampling", "few_shot", "activation" or "ablation"',
    ]


@pytest.mark.parametrize("steering", ["qa", "bio", "portray", "few_shot"])
def test_a_steering_toward_groups_needs_one(tmp_path: Path, steering: str) -> None:
    text = HEAD.split("[[groups]]")[0].replace("portray", steering)
    message = f'line 4: steering "{steering}" needs a group; add a [[groups]] table, or use "none"'
    assert problems(tmp_path, text) == [message]


def test_none_may_have_groups_to_be_measured_against(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD.replace("portray", "none")) == []


@pytest.mark.parametrize("steering", ["activation", "ablation"])
def test_a_direction_is_needed_by_the_steerings_that_use_one(tmp_path: Path, steering: str) -> None:
    text = HEAD.replace("portray", steering)
    other = {"activation": "ablation", "ablation": "activation"}[steering]
    message = (
        f'line 4: steering "{steering}" needs a direction; add an [[{steering}]] table with one '
        f'([[{other}]] tables are for steering "{other}")'
    )
    assert problems(tmp_path, text) == [message]
    for table, layers in ((f"[{steering}]", "[3]"), (f"[[{steering}]]", '"3"'), (f"[[{steering}]]", '"3,3-3"')):
        assert problems(tmp_path, f'{text}{table}\ndirection = "d.gguf"\nlayers = {layers}\n') == []


def test_one_person_has_one_value_of_an_attribute(tmp_path: Path) -> None:
    text = HEAD + '[[groups]]\nattribute = "SEX"\nvalue = "Female"\n'
    message = "line 9: SEX=Male and SEX=Female exclude each other; remove one of these groups"
    assert problems(tmp_path, text) == [message]


def test_the_same_group_twice_is_a_slip_and_no_contradiction(tmp_path: Path) -> None:
    text = HEAD + '[[groups]]\nattribute = "SEX"\nvalue = "Male"\n'
    assert problems(tmp_path, text) == ["line 9: duplicate group SEX=Male; remove one of these groups"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("temperature = -0.1", "sampling.temperature is -0.1; write 0 or more"),
        ("temperature = 2.5", "sampling.temperature is 2.5; write 2 or less"),
        ("temperature = inf", "sampling.temperature is inf; write a finite number"),
        ("temperature = true", "sampling.temperature is true; write a number, without quotes"),
        ("top_p = 0", "sampling.top_p is 0; write a number above 0"),
        ("top_p = 1.01", "sampling.top_p is 1.01; write 1 or less"),
        ("max_tokens = 0", "sampling.max_tokens is 0; write 1 or more"),
        ("max_tokens = 1.5", "sampling.max_tokens is 1.5; write a whole number, without quotes"),
        ("seed = -1", "sampling.seed is -1; write 0 or more"),
        ("seed = 4294967295", "sampling.seed is 4294967295; write 4294967294 or less"),
    ],
)
def test_sampling_outside_its_range_is_refused(tmp_path: Path, line: str, message: str) -> None:
    assert problems(tmp_path, f"{HEAD}[sampling]\n{line}\n") == [f"line 9: {message}"]


@pytest.mark.parametrize(
    "line", ["temperature = 0", "temperature = 2", "top_p = 1", "top_p = 0.01", "max_tokens = 1", "seed = 4294967294"]
)
def test_the_ends_of_the_ranges_are_allowed(tmp_path: Path, line: str) -> None:
    assert problems(tmp_path, f"{HEAD}[sampling]\n{line}\n") == []


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("[voice]\n", 'line 8: [voice] has no style; add style = "..."'),
        ("[[voice]]\nstyle = 'x'\n", "line 8: voice is a list; write it as one table [voice]"),
        ("[voice]\nstyle = ' '\n", "line 9: voice.style is empty; write at least one word"),
        ('[prompt]\nsystem = "\\u001b[2J"\n', "line 9: prompt.system has a control character; write plain text"),
        ("[few_shot]\nquestions = 0\n", "line 9: few_shot.questions is 0; write 1 or more"),
        ('[few_shot]\nprompt = "porttray"\n', 'line 9: few_shot.prompt is "porttray"; did you mean "portray"?'),
        ('[few_shot]\nprompt = "x"\n', 'line 9: few_shot.prompt is "x"; write "none", "qa", "bio" or "portray"'),
        ("[few_shot]\nshots = 3\n", 'line 9: there is no key "shots" in [few_shot]; write "questions" or "prompt"'),
        ("[ablation]\ndirection = 'd'\nlayers = []\n", "line 10: ablation.layers is an empty list; name at least one"),
        ("[ablation]\ndirection = 'd'\nlayers = [\n -2]\n", "line 11: ablation.layers is -2; write 0 or more"),
        (
            "[[activation]]\ndirection = 'd'\n[[activation]]\ndirection = 'e'\nlayers = [\n 1,\n -2]\n",
            "line 14: activation.layers is -2; write 0 or more",
        ),
        (
            "[activation]\ndirection = 'd'\nlayers = '9-3'\n",
            'line 10: activation.layers is "9-3"; write layers as "12", "10-20" or "10,12"',
        ),
        (
            "[activation]\ndirection = 'd'\nstrength = 1\nclamp = 1\n",
            "line 8: activation has both a strength and a clamp; keep one",
        ),
        (
            "[ablation]\ndirection = 'd'\nlayers = '3-4'\n",
            'line 10: ablation.layers names several layers; write one, such as "12": its vector is removed from every '
            "layer",
        ),
        ("[ablation]\ndirection = 'd'\nlayers = 3\n", "line 10: ablation.layers is 3; write a list in brackets"),
        ('["\\u001b[31m"]\n', 'line 8: there is no key "\\x1b[31m"; write "schema", "name"'),
    ],
)
def test_mistakes_in_the_optional_tables(tmp_path: Path, addition: str, message: str) -> None:
    (problem,) = problems(tmp_path, HEAD + addition)
    assert problem.startswith(message)


def test_groups_in_single_brackets_are_told_about_the_second_pair(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, HEAD.replace("[[groups]]", "[groups]"))
    assert problem.startswith("line 5: groups is a table; write each group as a table [[groups]], with two brackets")


def test_a_title_with_terminal_escapes_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, HEAD.replace('"Joe"', '"\\u001b[2JJoe"'))
    assert problem == "line 3: title has a line break or a control character; write it on one line of plain text"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nsteering = portray\n", "line 2: this is not valid TOML (invalid value); put text in double quotes"),
        (
            'a = "x\n',
            "line 1: this is not valid TOML (illegal character '\\n'); end the text with the quotes it begins",
        ),
        (
            "a = 1\n\na = 2\n",
            "line 3: this is not valid TOML (cannot overwrite a value); remove one of the two lines with this key",
        ),
        (
            "a = 1\nvoice\n",
            "line 2: this is not valid TOML (expected '=' after a key in a key/value pair); write key = value",
        ),
        ('a = """\n\n\n', "line 1: this is not valid TOML (unterminated string)"),
        ("a = " + "[" * 3000, "line 1: lists or tables are nested too deeply"),
        ("a = " + "9" * 5000, "line 1: this is not valid TOML (a number is too long); write fewer digits"),
    ],
)
def test_a_text_that_is_no_toml_names_the_first_line_that_is_not(tmp_path: Path, text: str, message: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(message)
