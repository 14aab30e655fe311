"""What the settings ask of the screen that it cannot do is named, on the screen and by `doctor`."""

from pathlib import Path

import pytest
from textual.keys import KEY_DISPLAY_ALIASES

from chat_personas.settings import Settings, SettingsError
from chat_personas.settings_listing import Setting, key_written
from chat_personas.tui.key_registry import NO_KEY, named_bindings
from chat_personas.tui.unusable_settings import check_named, faults_of, given_way, is_key, unusable, usable_keys
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, until

THEMES = ("nord", "dracula")


@pytest.mark.parametrize(
    "key", ["ctrl+x", "alt+up", "f5", "f24", "x", "X", "?", "question_mark", "slash", "/", "space"]
)
def test_these_are_keys(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize("key", ["control-x", "Ctrl+X", "ctrl+", "f25", "strg+x", "ctrl+xx", "", "Escape", "esc", "bs"])
def test_these_are_not(key: str) -> None:
    assert not is_key(key)


@pytest.mark.parametrize("key", sorted({*KEY_DISPLAY_ALIASES} - {"minus", "space"}))
def test_a_key_can_be_set_as_the_screen_writes_it(key: str) -> None:
    assert Settings(keys={"stop": key_written(key)}).keys == {"stop": key}


def test_every_key_of_the_program_itself_exists_and_clashes_with_none() -> None:
    wrong = [key for _, binding in named_bindings() for key in binding.key.split(",") if not is_key(key)]
    assert set(wrong) <= {NO_KEY}
    assert not is_key(NO_KEY)
    assert list(faults_of({}, None, THEMES)) == []


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"stopp": "ctrl+x"}, 'keys: there is no "stopp"; did you mean "stop"?'),
        (
            {"stop": "control-x"},
            'keys: stop is on a key that does not exist; did you mean "^x"? Until then stop is on esc',
        ),
        (
            {"stop": "hunter2"},
            "keys: stop is on a key that does not exist; write one such as ^g, alt+up or f5; until then stop is on esc",
        ),
        (
            {"new": "f24,Ctrl+N"},
            'keys: new is on a key that does not exist; did you mean "^n"? Until then new is on ^n',
        ),
        (
            {"new": "ctrl+o"},
            "keys: new and open are both on ^o; give one of them another key; until then new is on ^n",
        ),
        (
            {"new": "f24", "open": "f24"},
            "keys: new and open are both on f24; give one of them another key; "
            "until then new is on ^n and open is on ^o",
        ),
        (
            {"next_probe": "ctrl+n"},
            "keys: next_probe and new are both on ^n; give one of them another key; until then next_probe is on →, n",
        ),
        (
            {"prompt_copy": "ctrl+q"},
            "keys: prompt_copy and quit are both on ^q; give one of them another key; until then prompt_copy is on c",
        ),
        (
            {"help": "ctrl+h"},
            "keys: help cannot be on ^h: a terminal cannot send it apart from Backspace; "
            "write one such as ^g, alt+up or f5; until then help is on f1",
        ),
        (
            {"send": "y"},
            "keys: send cannot be on y: it is needed for writing; "
            "write one such as ^g, alt+up or f5; until then send is on ⏎",
        ),
    ],
)
def test_a_key_that_does_nothing_is_named_without_repeating_what_stands_there(keys: dict[str, str], fault: str) -> None:
    assert [found.line for found in faults_of(keys, None, THEMES)] == [fault]


@pytest.mark.parametrize(
    "keys",
    [{"new": "ctrl+o", "open": "ctrl+n"}, {"yes": "j"}, {"stop": "f24", "leave_edit": "f24"}, {"new": "f24, f23"}],
)
def test_keys_that_do_no_harm_are_let_be(keys: dict[str, str]) -> None:
    assert list(faults_of(keys, None, THEMES)) == []


def test_a_theme_that_does_not_exist_is_named() -> None:
    assert [found.line for found in faults_of({}, "nrd", THEMES)] == [
        'theme: there is no theme "nrd"; did you mean "nord"?'
    ]
    assert list(faults_of({}, "nord", THEMES)) == []


@pytest.mark.parametrize("name", ["nosuch", "zz"])
def test_of_a_name_that_is_like_none_no_other_is_suggested_but_what_lists_all(name: str) -> None:
    theme, key = (found.line for found in faults_of({"nosuchkey": "f9"}, name, THEMES))
    assert theme == "theme: there is no such name; /theme on the screen lists all"
    assert key == 'keys: there is no "nosuchkey"; chat-personas doctor --settings lists all'


@pytest.mark.parametrize(
    ("keys", "value", "fault"),
    [
        (("theme",), "nrd", 'theme: there is no theme "nrd"; did you mean "nord"?'),
        (("theme",), "nord", None),
        (
            ("keys", "stop"),
            "control-x",
            'keys: stop is on a key that does not exist; did you mean "^x"? Until then stop is on esc',
        ),
        (
            ("keys", "new"),
            "ctrl+o",
            "keys: new and open are both on ^o; give one of them another key; until then new is on ^n",
        ),
        (("keys", "new"), "f24", None),
        (("survey",), "civik", 'survey: there is no survey "civik"; did you mean "civic"? Or name its file'),
    ],
)
def test_a_setting_whose_value_names_nothing_is_known_by_its_keys(
    keys: tuple[str, ...], value: str, fault: str | None
) -> None:
    found = unusable([Setting(keys, "", value, None, "file")], THEMES)
    assert found.get(keys) == fault
    assert unusable([Setting(keys, "", value, None, "default")], THEMES) == {}


@pytest.mark.parametrize(
    ("keys", "usable"),
    [
        ({"send": "ctrl+s", "new": "f24"}, {"new": "f24"}),
        ({"new": "ctrl+o", "open": "ctrl+n"}, {"new": "ctrl+o", "open": "ctrl+n"}),
        ({"new": "ctrl+o", "open": "nothing"}, {}),  # open falls back to ^o, so new falls back to ^n
        ({"stop": "hunter2", "stopp": "f24"}, {}),
    ],
)
def test_keys_that_cannot_be_used_fall_back_until_no_action_is_without_one(
    keys: dict[str, str], usable: dict[str, str]
) -> None:
    assert usable_keys(keys) == usable


@pytest.mark.parametrize(
    ("keys", "left", "said"),
    [
        ({"help": "f11"}, {"compare": "alt+c"}, ["keys: help has f11 from compare, which keeps alt+c"]),
        ({"help": "alt+c"}, {"compare": "f11"}, ["keys: help has alt+c from compare, which keeps f11"]),
        (
            {"help": "f11", "new": "f2"},
            {"compare": "alt+c", "panel": "ctrl+t"},
            ["keys: help has f11 from compare, which keeps alt+c", "keys: new has f2 from panel, which keeps ^t"],
        ),
        ({"new": "f24"}, {}, []),
    ],
)
def test_a_key_of_the_settings_wins_where_the_other_action_keeps_one(
    keys: dict[str, str], left: dict[str, str], said: list[str]
) -> None:
    assert list(faults_of(keys, None, THEMES)) == []
    assert usable_keys(keys) == {**keys, **left}
    assert sorted(each.line for each in given_way(keys)) == said
    for name, key in keys.items():
        check_named(("keys", name), key, THEMES)


@pytest.mark.parametrize(
    "keys",
    [
        {"help": "alt+c,f11"},  # nothing would be left
        {"help": "f11", "new": "alt+c"},
        {"help": "f11", "compare": "alt+c,f11"},  # both are asked for
    ],
)
def test_no_action_gives_its_last_key_or_one_that_was_asked_for(keys: dict[str, str]) -> None:
    assert list(faults_of(keys, None, THEMES)) != []
    chosen = usable_keys(keys)
    assert chosen.get("compare", "alt+c,f11") == "alt+c,f11"
    assert given_way(keys) == []


SHARED = ("stop", "leave_edit", "take_back", "leave_panel", "dismiss")


@pytest.mark.parametrize("moved", SHARED)
async def test_the_actions_that_share_a_key_keep_it_where_one_of_them_gets_another(
    corpus_file: Path, moved: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine(), keys={moved: "alt+s"})) as pilot:
        bound = next(bindings for node, bindings in pilot.app.screen._binding_chain if node is pilot.app.screen)
        on_escape = {binding.id for binding in bound.key_to_bindings["escape"]}
        assert on_escape == set(SHARED) - {moved}
        assert [binding.id for binding in bound.key_to_bindings["alt+s"]] == [moved]


async def test_escape_leaves_the_panel_where_stop_is_on_another_key(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), keys={"stop": "alt+s"})) as pilot:
        await pilot.press("f2")
        await until(pilot, lambda: chat(pilot).panel.has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: chat(pilot).composer.has_focus)


async def test_the_screen_has_the_key_and_the_other_action_its_other_one(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), keys={"help": "f11"})) as pilot:
        await pilot.press("f11")
        await until(pilot, lambda: "In the conversation" in shown(pilot))
        await pilot.press("escape", "alt+c")
        await until(pilot, lambda: "Compare: who answers the same?" in shown(pilot))
        assert not pilot.app._notifications


@pytest.mark.parametrize("key", ["^h", "ctrl+i", "ctrl+m", "ctrl+[", "^[", "ctrl+shift+h"])
def test_a_key_that_a_terminal_sends_as_another_one_is_refused_wherever_it_is_set(key: str) -> None:
    keys = Settings(keys={"help": key}).keys
    (fault,) = faults_of(keys, None, THEMES)
    assert "a terminal cannot send it apart from " in fault.line
    with pytest.raises(SettingsError, match="a terminal cannot send it apart from "):
        check_named(("keys", "help"), keys["help"], THEMES)


async def test_with_two_actions_on_one_key_a_message_can_still_be_sent(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Good day")), keys={"send": "ctrl+s"})) as pilot:
        await until(pilot, lambda: "settings: keys: send and export are both on ^s" in shown(pilot))
        assert "until then send is on ⏎" in " ".join(shown(pilot).split())
        await pilot.press(*"Hello", "enter")
        await until(pilot, lambda: "Good day" in shown(pilot))


async def test_the_screen_names_them_when_it_opens(corpus_file: Path) -> None:
    app = session(corpus_file, ScreenEngine(), keys={"stop": "control-x", "new": "ctrl+o"}, theme="nrd")
    async with screen(app) as pilot:
        await until(pilot, lambda: 'settings: theme: there is no theme "nrd"' in shown(pilot))
        assert [notification.message.splitlines() for notification in pilot.app._notifications] == [
            [
                'settings: theme: there is no theme "nrd"; did you mean "nord"?',
                'settings: keys: stop is on a key that does not exist; did you mean "^x"? Until then stop is on esc',
                "settings: keys: new and open are both on ^o; give one of them another key; until then new is on ^n",
            ]
        ]
