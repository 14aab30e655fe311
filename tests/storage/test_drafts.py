"""What is typed and not sent is on the disk, for its owner only, and goes with its conversation."""

import os
import stat
from pathlib import Path

import pytest

from chat_personas.storage.drafts import PROMPT, Draft, Drafts
from chat_personas.storage.files import atomic_write
from personas.errors import ReportedError

HERE, GONE, LIVING = "00000000000000aa", "00000000000000bb", "00000000000000cc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where drafts lie; it is created with the first one."""
    return tmp_path / "corpus.db-drafts"


def test_a_draft_is_there_for_the_next_program_and_readable_by_its_owner_only(folder: Path) -> None:
    typed = Draft("Größe\nzwei \ud83d", "waits", "message-1")
    Drafts(folder, HERE).keep("A", typed)

    assert Drafts(folder, GONE).of("A", ()) == typed
    assert Drafts(folder, GONE).of("B", ()) is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


def test_nothing_is_created_before_something_is_typed_and_a_blank_draft_erases_the_one_before(folder: Path) -> None:
    drafts = Drafts(folder, HERE)
    drafts.keep("A", Draft(" \n"))
    assert not folder.exists()

    drafts.keep("A", Draft("Well"))
    drafts.keep("A", Draft())
    assert drafts.of("A", ()) is None
    assert list(folder.iterdir()) == []


def test_what_was_typed_in_new_conversations_by_programs_that_ended_is_taken_over_once(folder: Path) -> None:
    Drafts(folder, GONE).keep(None, Draft("first\nsecond", beside="waited"))
    Drafts(folder, HERE).keep(None, Draft("mine"))
    Drafts(folder, LIVING).keep(None, Draft("of a program that goes on"))

    alive = {HERE, LIVING}
    assert Drafts(folder, HERE).take_over(None, alive) == Draft("waited\n\nfirst\nsecond\n\nmine")
    assert Drafts(folder, HERE).take_over(None, alive) == Draft("waited\n\nfirst\nsecond\n\nmine"), (
        "and kept as its own"
    )
    assert Drafts(folder, LIVING).of(None, alive - {LIVING}) == Draft("of a program that goes on")
    assert len(list(folder.iterdir())) == 2


def test_two_programs_in_one_conversation_lose_no_word_and_the_next_one_finds_both(folder: Path) -> None:
    one, other = Drafts(folder, HERE), Drafts(folder, LIVING)
    one.keep("A", Draft("from here"))
    other.keep("A", Draft("from there"))
    one.keep("A", Draft("from here, and on"))

    both = {HERE, LIVING}
    assert one.take_over("A", both) == Draft("from here, and on"), "what another program shows stays there"
    assert other.take_over("A", both) == Draft("from there")
    assert Drafts(folder, GONE).take_over("A", {GONE}) == Draft("from here, and on\n\nfrom there")
    assert len(list(folder.iterdir())) == 1


def test_a_draft_that_was_released_is_found_by_any_program_though_the_first_one_goes_on(folder: Path) -> None:
    one, other = Drafts(folder, HERE), Drafts(folder, LIVING)
    for text in ("first", "second"):
        one.keep("A", Draft(text))
        one.release("A")
    one.release("A")  # nothing is left to release

    found = other.take_over("A", {HERE, LIVING})
    assert found is not None
    assert sorted(found.text.split("\n\n")) == ["first", "second"]
    assert one.take_over("A", {HERE, LIVING}) is None


@pytest.mark.parametrize("edit_of", [HERE, GONE])
def test_of_two_drafts_an_edit_stays_one_and_the_other_text_stands_beside_it(folder: Path, edit_of: str) -> None:
    edit, text = Draft("edited", "set aside", "message-1"), Draft("typed", "waits")
    for program in (HERE, GONE):
        Drafts(folder, program).keep("A", edit if program == edit_of else text)

    assert Drafts(folder, HERE).take_over("A", {HERE}) == Draft("edited", "waits\n\ntyped\n\nset aside", "message-1")


def test_of_two_edits_this_programs_own_stays_one(folder: Path) -> None:
    Drafts(folder, HERE).keep("A", Draft("mine", replaces="message-1"))
    Drafts(folder, GONE).keep("A", Draft("theirs", replaces="message-2"))
    assert Drafts(folder, HERE).take_over("A", {HERE}) == Draft("mine", "theirs", "message-1")


def test_a_draft_of_an_older_version_is_taken_over(folder: Path) -> None:
    folder.mkdir()
    (folder / "A.json").write_text('{"text": "old", "beside": "", "replaces": null}', encoding="utf-8")
    Drafts(folder, HERE).keep("A", Draft("new"))

    assert Drafts(folder, HERE).take_over("A", {HERE}) == Draft("old\n\nnew")
    assert [file.name for file in folder.iterdir()] == [f"A-{HERE}.json"]


def test_words_are_added_beside_what_was_kept(folder: Path) -> None:
    drafts = Drafts(folder, HERE)
    for conversation, kept in (("A", Draft("text", "beside", "message-1")), ("B", Draft())):
        drafts.keep(conversation, kept)
        drafts.add(conversation, Draft("late"))
    assert drafts.of("A", ()) == Draft("text", "beside\n\nlate", "message-1")
    assert drafts.of("B", ()) == Draft("late")


def test_an_edit_that_is_added_stays_an_edit_beside_words_and_stands_beside_another_edit(folder: Path) -> None:
    drafts = Drafts(folder, HERE)
    drafts.keep("A", Draft("words"))
    drafts.add("A", Draft("new text", "set aside", "message-1"))
    assert drafts.of("A", ()) == Draft("new text", "words\n\nset aside", "message-1")
    drafts.add("A", Draft("of another", "", "message-2"))
    assert drafts.of("A", ()) == Draft("new text", "words\n\nset aside\n\nof another", "message-1")


def test_what_cannot_be_read_is_not_taken_over_and_stays_for_the_version_that_wrote_it(folder: Path) -> None:
    Drafts(folder, GONE).keep(None, Draft("readable"))
    newer = folder / "new-00000000000000dd.json"
    newer.write_text('{"text": "by a newer version", "unknown": 1}', encoding="utf-8")

    assert Drafts(folder, HERE).take_over(None, {HERE}) == Draft("readable")
    assert "by a newer version" in newer.read_text(encoding="utf-8")


def test_the_drafts_of_deleted_conversations_are_erased_and_others_stay(folder: Path) -> None:
    drafts = Drafts(folder, HERE)
    asked: list[bool] = []

    def existing() -> list[str]:
        asked.append(True)
        return ["A", "C"]

    drafts.forget_the_deleted(existing)
    assert not asked, "no conversation is looked for where nothing is typed"
    Drafts(folder, LIVING).keep("B", Draft("typed there in B"))
    for key in ("A", "B", None):
        drafts.keep(key, Draft(f"typed in {key}"))
    drafts.forget_the_deleted(existing)
    assert (drafts.of("A", ()), drafts.of("B", ()), drafts.of(None, ())) == (
        Draft("typed in A"),
        None,
        Draft("typed in None"),
    )


def test_what_would_not_come_back_is_refused_and_held_until_it_would(folder: Path) -> None:
    gone = {"A"}

    def check(key: str | None) -> None:
        if key in gone:
            raise ReportedError("it was deleted")

    drafts = Drafts(folder, HERE, check)
    with pytest.raises(ReportedError):
        drafts.keep("A", Draft("mine"))
    assert (drafts.words_held, drafts.why_held, drafts.has("A")) == ("mine", "it was deleted", False)
    assert not folder.exists()
    drafts.try_again()
    assert drafts.holds("A")

    gone.clear()
    drafts.try_again()
    assert (drafts.words_held, drafts.has("A")) == ("", True)
    gone.add("A")
    assert not drafts.has("A")
    drafts.keep("A", Draft())  # what is typed no more is held no more
    assert (drafts.words_held, drafts.of("A", ())) == ("", None)


def test_a_prompt_that_is_being_written_goes_with_no_conversation(folder: Path) -> None:
    drafts = Drafts(folder, HERE)
    drafts.keep(f"{PROMPT}0a", Draft("Rhyme."))
    drafts.forget_the_deleted(list)
    assert drafts.of(f"{PROMPT}0a", ()) == Draft("Rhyme.")


def test_what_a_program_left_when_it_was_killed_goes_and_what_another_one_writes_stays(folder: Path) -> None:
    Drafts(folder, HERE).keep("A", Draft("whole"))
    left = folder / f".chat-personas-{'0' * 16}-{'1' * 16}.part"
    left.write_text("half of a deleted conversation's dra", encoding="utf-8")

    with atomic_write(folder / "C.json") as stream:
        stream.write(b'{"text": "by another program"}')
        Drafts(folder, HERE).forget_the_deleted(lambda: ["A", "C"])
        assert not left.exists()
    assert Drafts(folder, HERE).of("C", ()) == Draft("by another program")


def test_a_key_from_elsewhere_does_not_lead_out_of_the_directory(folder: Path) -> None:
    drafts, keys = Drafts(folder, HERE), ("../outside", "/absolute", f"new-{GONE}", "new")
    for key in keys:
        drafts.keep(key, Draft(f"typed in {key}"))

    assert [file.name for file in folder.parent.iterdir()] == [folder.name]
    assert drafts.take_over(None, {HERE}) is None, "that of a conversation is not one of a new conversation"
    drafts.forget_the_deleted(lambda: keys[:2])
    assert [drafts.of(key, ()) for key in keys] == [
        Draft("typed in ../outside"),
        Draft("typed in /absolute"),
        None,
        None,
    ]


def test_a_file_that_cannot_be_read_is_no_draft(folder: Path) -> None:
    folder.mkdir()
    for number, content in enumerate(("", "[]", "{", '{"unknown": 1}', '{"text": ""}', '{"text": 5}')):
        (folder / f"{number}.json").write_text(content, encoding="utf-8")
        assert Drafts(folder, HERE).of(str(number), ()) is None


def test_a_draft_that_the_system_does_not_let_us_read_keeps_no_other_one_from_coming_back(folder: Path) -> None:
    Drafts(folder, GONE).keep(None, Draft("readable"))
    (folder / "new-00000000000000dd.json").mkdir()  # as a file of another user, which root could read

    assert Drafts(folder, HERE).take_over(None, {HERE}) == Draft("readable")
    (folder / f"A-{HERE}.json").mkdir()
    with pytest.raises(IsADirectoryError):
        Drafts(folder, HERE).take_over("A", {HERE})  # what is typed next would be kept in place of it


def test_what_is_no_draft_is_left_where_it_is_and_nothing_waits_for_a_pipe(folder: Path) -> None:
    Drafts(folder, GONE).keep(None, Draft("typed"))
    odd = {"deep": "[" * 100_000, "number": '{"text": "x", "beside": "", "replaces": 5}', "list": "[1]"}
    for name, text in odd.items():
        (folder / f"new-{name}.json").write_text(text)
    os.mkfifo(folder / "new-pipe.json")
    (folder / "new-endless.json").symlink_to("/dev/zero")
    assert Drafts(folder, HERE).take_over(None, ()) == Draft("typed")
    left = {file.name for file in folder.iterdir()} - {f"new-{HERE}.json"}
    assert left == {f"new-{name}.json" for name in (*odd, "pipe", "endless")}
