"""`corpus` at the command line."""

import json
import re
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.cli.main import main
from chat_personas.corpus import Corpus, Thought
from eval.engine import EngineInfo, Sampling
from tests.cli.running import Command, only_line
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import (
    BASE,
    INFO,
    branch_of,
    bytes_on_disk,
    compare,
    conversation_row,
    stopped_in_a_debate,
    talk,
)


@pytest.fixture
def kept(corpus: Corpus) -> list[str]:
    """Two conversations, the second with terminal commands in it."""
    return [
        talk(corpus, ("What about guns?", "Fewer of them."), ("Why?", "For the children.")),
        talk(corpus, ("\x1b[2JHello", "Good \x1b[31mday"), row=conversation_row(persona="republican"), last="stopped"),
    ]


def short(key: str) -> str:
    """The short name of a conversation in a corpus of few: the last six characters of its key, in small letters."""
    return key[-6:].lower()


def without_times(shown: str) -> str:
    """What `corpus show` prints, without the time that every message has."""
    found = re.sub(r" \(\d{4}-\d\d-\d\d \d\d:\d\d\):", ":", shown)
    return re.sub(r"\(\d{4}-\d\d-\d\d \d\d:\d\d, ", "(", found)


def test_list_has_a_line_for_each_conversation_the_latest_first(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "list")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()] == [*map(short, kept[::-1])]
    assert "4 messages" in ran.out
    assert [line.split()[0] for line in command("corpus", "list", "--persona", "democrat").out.splitlines()] == [
        short(kept[0])
    ]


def test_a_list_says_which_conversations_are_of_a_comparison(command: Command, kept: list[str], corpus: Corpus) -> None:
    alone = talk(corpus, ("Hello", "Good day"))
    compare(corpus, "COMPARED", *kept)
    lines = {line.split()[0]: line for line in command("corpus", "list").out.splitlines()}
    assert [lines[short(each)].endswith(" (one of 2 compared)") for each in (*kept, alone)] == [True, True, False]


def test_list_show_and_stats_call_a_base_model_one(command: Command, corpus: Corpus) -> None:
    key = talk(corpus, ("Guns?", "Fewer."), model=BASE)
    named = "democrat on small.gguf (a base model: it continues text)"
    assert named in command("corpus", "list").out
    assert named in command("corpus", "show", key).out.splitlines()[1]
    assert f"{named}, 2026-11-21 to" in command("corpus", "stats").out
    talk(corpus, ("Guns?", "More."), model=replace(INFO, prompt_format="template"))
    talk(corpus, ("Guns?", "None."))  # not known, as of a server
    counted = json.loads(command("corpus", "stats", "--json", "-").out)["counts"]
    assert [(row["prompt_format"], row["conversations"]) for row in counted] == [("template", 2), ("plain", 1)]


def test_a_reply_of_the_same_model_asked_in_another_form_says_so(command: Command, corpus: Corpus) -> None:
    key = talk(corpus, ("Guns?", "Fewer."), model=replace(INFO, prompt_format="template"))
    _, reply = corpus.begin_turn(key, branch_of(corpus, key)[-1].id, "Why?", BASE, Sampling())
    corpus.end_reply(reply.id, "So.", "complete")
    shown = without_times(command("corpus", "show", key).out)
    assert "democrat: Fewer." in shown
    assert "democrat (by small.gguf (a base model: it continues text)): So." in shown


def test_a_list_says_which_conversations_are_of_a_study_and_which_of_them_are_tests(
    command: Command, corpus: Corpus
) -> None:
    own, person, rehearsed = (
        talk(corpus, ("Hello", "Good day")),
        conversation_of(corpus, take_part(corpus, ("Guns?", "Fewer."))),
        conversation_of(corpus, take_part(corpus, ("Taxes?", "Lower."), test=True)),
    )
    lines = {line.split()[0]: line for line in command("corpus", "list").out.splitlines()}
    assert lines[short(own)].endswith("A conversation")
    assert lines[short(person)].endswith("A conversation (study town)")
    assert lines[short(rehearsed)].endswith("A conversation (a test of the study town)")


def test_a_list_of_a_mistyped_persona_is_not_an_empty_list(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "list", "--persona", "demcrat")
    assert (ran.code, ran.out) == (2, "")
    assert 'did you mean "democrat"?' in only_line(ran)


def test_a_fork_is_shown_with_what_it_was_forked_from_and_what_is_a_copy(
    command: Command, corpus: Corpus, kept: list[str]
) -> None:
    fork = corpus.fork(branch_of(corpus, kept[0])[1].id)
    _, reply = corpus.begin_turn(fork, branch_of(corpus, fork)[-1].id, "Really?", INFO, Sampling())
    corpus.end_reply(reply.id, "Yes.", "complete", finish_reason="stop")
    shown = without_times(command("corpus", "show", fork).out).splitlines()
    assert shown[1].endswith(f"forked from {short(kept[0])}")
    assert [line for line in shown[2:] if line] == [
        "You (copy): What about guns?", "democrat (copy): Fewer of them.", "You: Really?", "democrat: Yes.",
    ]  # fmt: skip
    corpus.delete(kept[0])
    assert command("corpus", "show", fork).out.splitlines()[1].endswith(f"forked from {kept[0]}")


def test_a_side_of_a_debate_is_shown_with_how_the_reply_that_it_quotes_ended(command: Command, corpus: Corpus) -> None:
    for key in stopped_in_a_debate(corpus):
        shown = without_times(command("corpus", "show", key).out).splitlines()
        (line,) = (line for line in shown if line.endswith(": Less"))
        assert "stopped" in line


def test_search_finds_messages_by_all_their_words(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "search", "about guns")
    assert [line.split()[0] for line in ran.out.splitlines()] == [short(kept[0])]
    nothing = command("corpus", "search", "guns children")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "nothing found\n")
    assert command("corpus", "search", 'an "odd AND( quote').code == 0


def test_show_prints_who_said_what_and_obeys_nothing_of_it(command: Command, kept: list[str]) -> None:
    shown = without_times(command("corpus", "show", kept[0]).out)
    assert "You: What about guns?\n\ndemocrat: Fewer of them.\n\nYou: Why?\n\ndemocrat: For the children." in shown
    strange = without_times(command("corpus", "show", kept[1]).out)
    assert "You: ␛[2JHello\n\nrepublican (stopped): Good ␛[31mday" in strange
    assert "\x1b" not in strange


def test_show_says_of_a_reply_that_it_has_no_text(command: Command, corpus: Corpus) -> None:
    talk(corpus, ("Hello?", " \n"), ("Well?", ""), last="error")
    (identifier,) = corpus.conversation_ids()
    shown = without_times(command("corpus", "show", identifier).out)
    assert "You: Hello?\n\ndemocrat (no text): " in shown
    assert "You: Well?\n\ndemocrat (failed, no text): " in shown


def test_show_says_that_the_model_thought_and_prints_the_thought_only_when_asked(
    command: Command, corpus: Corpus
) -> None:
    identifier = talk(corpus, ("Hello?", "Good day."))
    reply = branch_of(corpus, identifier)[-1]
    thought = Thought(text="\nShe \x1b[31mgreets me.\n", seconds=3.2)
    corpus.end_reply(reply.id, "Good day.", "complete", thought=thought)
    shown = without_times(command("corpus", "show", identifier).out)
    assert "You: Hello?\n\ndemocrat (thought for 3 s, 3 words): Good day.\n" in shown
    assert "greets" not in shown
    shown = without_times(command("corpus", "show", identifier, "--thoughts").out)
    assert "democrat, thinking: She ␛[31mgreets me.\n\ndemocrat (thought for 3 s, 3 words): Good day.\n" in shown
    assert "greets" not in command("corpus", "search", "greets").out


def test_delete_without_anyone_to_ask_wants_yes(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "delete", kept[0])
    assert ran.code == 2
    assert "--yes" in only_line(ran)
    assert len(command("corpus", "list").out.splitlines()) == 2


def test_delete_with_yes_leaves_no_trace(command: Command, kept: list[str], corpus: Corpus, home: Path) -> None:
    corpus.close()
    ran = command("corpus", "delete", kept[0], "--yes")
    assert (ran.code, ran.err) == (0, "deleted\n")
    assert [line.split()[0] for line in command("corpus", "list").out.splitlines()] == [short(kept[1])]
    assert b"For the children" not in bytes_on_disk(home / "data" / "corpus.db")


def test_delete_says_why_traces_are_left(command: Command, kept: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Corpus, "delete", lambda corpus, identifier: "the disk has no room")
    ran = command("corpus", "delete", kept[0], "--yes")
    assert ran.err == (
        "deleted; traces of the text are left on the disk (the disk has no room); "
        "they are erased when the corpus is opened again\n"
    )


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("n\n", 2), ("\n", 2)])
def test_delete_asks_at_a_terminal_and_takes_silence_for_no(
    command: Command, kept: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, left: int
) -> None:
    (tmp_path / "answer").write_text(answer)
    with (tmp_path / "answer").open() as terminal:
        monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys, "stdin", terminal)
        assert main(["corpus", "delete", kept[0]]) == 0
    assert len(command("corpus", "list").out.splitlines()) == left


def test_path_names_the_file(command: Command, home: Path) -> None:
    assert command("corpus", "path").out == f"{home / 'data' / 'corpus.db'}\n"


def test_a_reply_is_rated_by_its_number_as_often_as_one_likes(
    command: Command, corpus: Corpus, kept: list[str]
) -> None:
    for value in ("5", "6.5"):
        rating = ("--turn", "2", "--scale", "realism 1-7", "--value", value, "--comment", "It speaks of children.")
        ran = command("corpus", "rate", kept[0], *rating)
        assert (ran.code, ran.err) == (0, "rated: reply 2 of 2\n")
    reply = branch_of(corpus, kept[0])[3]
    assert [(row.message_id, row.scale, row.value) for row in corpus.ratings(kept[0])] == [
        (reply.id, "realism 1-7", 5.0),
        (reply.id, "realism 1-7", 6.5),
    ]


@pytest.mark.parametrize(
    ("turn", "value", "said"),
    [("3", "5", "there is no reply 3: "), ("1", "nan", "--value must be a number"), ("0", "5", "--turn")],
)
def test_a_rating_of_nothing_or_by_nothing_is_refused(
    command: Command, corpus: Corpus, kept: list[str], turn: str, value: str, said: str
) -> None:
    ran = command("corpus", "rate", kept[0], "--turn", turn, "--scale", "realism 1-7", "--value", value)
    assert ran.code == 2
    assert said in only_line(ran)
    assert corpus.ratings(kept[0]) == ()


@pytest.mark.parametrize(
    ("scale", "value", "ends"),
    [
        ("realism 1-7", "8", "1 to 7"),
        ("realism 1-7", "0.9", "1 to 7"),
        ("realism 1\u20137", "100", "1 to 7"),
        ("warmth (0 - 100)", "100.5", "0 to 100"),
        ("1 to 7", "-1", "1 to 7"),
        ("agreement: -3 to 3", "-3.5", "-3 to 3"),
        ("agreement \u22123\u20133", "4", "-3 to 3"),
        ("rank 5-1", "6", "1 to 5"),
    ],
)
def test_a_rating_outside_the_range_that_its_scale_names_is_refused(
    command: Command, corpus: Corpus, kept: list[str], scale: str, value: str, ends: str
) -> None:
    ran = command("corpus", "rate", kept[0], "--turn", "1", "--scale", scale, "--value", value)
    assert ran.code == 2
    assert only_line(ran).endswith(f"--value {value} is outside the scale, which goes from {ends}\n")
    assert corpus.ratings(kept[0]) == ()


@pytest.mark.parametrize(
    ("scale", "value"),
    [
        ("realism 1-7", "1"),
        ("realism 1-7", "7"),
        ("agreement -3 to 3", "-3"),
        ("realism", "8"),
        ("like GPT-4", "8"),
        ("1-7 realism", "8"),
        ("as of 2026-11-28", "8"),
    ],
)
def test_a_rating_at_an_end_of_its_scale_or_on_one_without_a_range_is_kept(
    command: Command, corpus: Corpus, kept: list[str], scale: str, value: str
) -> None:
    assert command("corpus", "rate", kept[0], "--turn", "1", "--scale", scale, "--value", value).code == 0
    assert [(row.scale, row.value) for row in corpus.ratings(kept[0])] == [(scale, float(value))]


def test_a_scale_is_named_without_the_range_that_it_has(command: Command, corpus: Corpus, kept: list[str]) -> None:
    on_reply = ("corpus", "rate", kept[0], "--turn", "1")
    assert command(*on_reply, "--scale", "realism 1-7", "--value", "5").code == 0
    ran = command(*on_reply, "--scale", "realism", "--value", "6")
    assert (ran.code, ran.err) == (0, "rated: reply 1 of 2 on the scale realism 1-7\n")
    ran = command(*on_reply, "--scale", "quality", "--value", "33")
    assert ran.code == 2
    assert only_line(ran).endswith("--value 33 is outside the scale, which goes from 1 to 5\n")
    assert [(row.scale, row.value) for row in corpus.ratings(kept[0])] == [("realism 1-7", 5.0), ("realism 1-7", 6.0)]


def test_stats_count_what_is_there(command: Command, corpus: Corpus, kept: list[str], tmp_path: Path) -> None:
    assert "democrat on small.gguf, 2026-11-21 to " in command("corpus", "stats").out
    ran = command("corpus", "stats", "--json", "-")
    assert "1 conversation; 2 messages of 4 words; 2 replies of 6 words; 0 measurements" in ran.err
    document = json.loads(ran.out)
    assert document["schema"] == "chat-personas/corpus-counts@1"
    assert [(row["persona"], row["replies"]) for row in document["counts"]] == [("democrat", 2), ("republican", 1)]


def test_doctor_says_that_a_corpus_is_sound_or_what_is_not(command: Command, corpus: Corpus, kept: list[str]) -> None:
    ran = command("corpus", "doctor")
    assert (ran.code, ran.out) == (0, "sound: 2 conversations, 6 messages\n")
    with corpus._connections.writing() as connection:
        connection.execute("UPDATE conversations SET active_leaf_id = NULL")
    ran = command("corpus", "doctor")
    assert (ran.code, ran.out) == (1, "2 conversations with messages, and no branch to show\n")
    assert "corpus backup" in ran.err


def test_a_backup_replaces_no_file_without_force_and_never_the_corpus(
    command: Command, corpus: Corpus, kept: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "copy.db"
    assert command("corpus", "backup", str(out)).code == 0
    copied = out.read_bytes()
    refused = command("corpus", "backup", str(out))
    assert (refused.code, out.read_bytes()) == (2, copied)
    assert "--force" in only_line(refused)
    assert command("corpus", "backup", str(out), "--force").code == 0
    for place in (corpus.path, "-"):
        assert command("corpus", "backup", str(place), "--force").code == 2
    assert corpus.problems() == ()


def test_merge_says_what_it_added_and_ends_with_1_where_rows_differ(
    command: Command, corpus: Corpus, kept: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "other.db"
    with Corpus.open(file) as other:
        identifier = talk(other, ("Hello", "Good day."))
        ran = command("corpus", "merge", str(file))
        assert (ran.code, ran.out) == (0, "")
        assert "1 conversation, 2 messages, 0 measurements, 0 ratings added; 0 rows known already" in ran.err
        reply = branch_of(other, identifier)[-1]
        other.end_reply(reply.id, "Changed elsewhere.", "complete", finish_reason="stop")
    ran = command("corpus", "merge", str(file))
    assert ran.code == 1
    assert f"messages {reply.id} differs from ours, which stays" in ran.out
    itself = command("corpus", "merge", str(corpus.path))
    assert itself.code == 2
    assert "this corpus itself" in only_line(itself)


def test_audit_says_that_replies_come_out_again_and_names_one_that_was_altered(
    command: Command, home: Path, brief: str
) -> None:
    said = command(brief, "--plain", "--model", "pocket", given="What about guns?\nWhy?\n")
    assert said.code == 0
    assert command("corpus", "audit").out == "2 replies: 2 identical, 0 different, 0 not audited\n"
    with sqlite3.connect(home / "data" / "corpus.db") as connection:
        (reply,) = connection.execute("SELECT max(id) FROM messages WHERE role = 'assistant'").fetchone()
        connection.execute("UPDATE messages SET text = 'x' || substr(text, 2) WHERE id = ?", (reply,))
    ran = command("corpus", "audit")
    assert ran.code == 1
    assert f"reply 2 ({reply}): differs from character 1\n" in ran.out
    assert ran.out.endswith("2 replies: 1 identical, 1 different, 0 not audited\n")


def test_a_reply_through_a_template_that_was_given_says_so(command: Command, corpus: Corpus) -> None:
    key = talk(corpus, ("Guns?", "Fewer."), model=replace(INFO, prompt_format="template", template="chatml"))
    shown = without_times(command("corpus", "show", key).out)
    assert "by small.gguf (asked through the template chatml, which was given for it)): Fewer." in shown


def test_audit_of_replies_in_plain_text_says_how_they_are_audited(command: Command, brief: str, tiny: str) -> None:
    said = command(brief, "--plain", "--model", tiny, "--template", "plain", given="Hello\n")
    assert said.code == 0
    ran = command("corpus", "audit", "--model", tiny)
    assert (
        "1 reply cannot be generated again: it was asked in plain text, as a base model; add --template plain"
        in ran.out
    )
    ran = command("corpus", "audit", "--model", tiny, "--template", "plain")
    assert ran.out == "1 reply: 1 identical, 0 different, 0 not audited\n"


def test_audit_of_replies_of_another_model_says_which_one(command: Command, brief: str, tiny: str) -> None:
    command(brief, "--plain", "--model", tiny, given="What about guns?\n")
    ran = command("corpus", "audit", "--model", "pocket")
    assert ran.code == 0
    assert "1 reply cannot be generated again: made by tiny; name that model with --model\n" in ran.out


def test_audit_of_a_conversation_that_is_not_there_is_one_line(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "audit", "01ZZZZ")
    assert ran.code == 2
    assert 'there is no conversation "01ZZZZ"' in only_line(ran)


def test_every_command_takes_the_short_name(command: Command, kept: list[str], tmp_path: Path) -> None:
    name = short(kept[0])
    assert kept[0] in command("corpus", "show", name).out
    assert kept[0] in command("corpus", "show", name.upper()).out
    assert command("corpus", "rate", name, "--turn", "1", "--scale", "s", "--value", "1").code == 0
    assert command("corpus", "rename", name, "  Guns,  again ").code == 0
    assert "Guns, again" in command("corpus", "list").out
    out = tmp_path / "one.jsonl"
    assert command("export", "--own", "--id", name, "--out", str(out)).code == 0
    assert len(out.read_text().splitlines()) == 1
    assert command("corpus", "delete", name, "--yes").code == 0
    assert [line.split()[0] for line in command("corpus", "list").out.splitlines()] == [short(kept[1])]


def test_beginnings_of_keys_go_on_to_work(command: Command, kept: list[str]) -> None:
    assert kept[0] in command("corpus", "show", kept[0]).out
    assert kept[0] in command("corpus", "show", kept[0][:24]).out


def test_show_has_the_time_of_every_message_in_local_time(command: Command, kept: list[str], corpus: Corpus) -> None:
    shown = command("corpus", "show", kept[1]).out
    said, replied = (row.created_at.astimezone().strftime("%Y-%m-%d %H:%M") for row in branch_of(corpus, kept[1]))
    assert f"You ({said}): " in shown
    assert f"republican ({replied}, stopped): " in shown


def test_show_marks_interrupted_replies_versions_and_another_model(command: Command, corpus: Corpus) -> None:
    identifier = talk(corpus, ("Hello?", "Good day."), ("Well?", "Half a"), last="interrupted")
    said = branch_of(corpus, identifier)[-2]
    other = EngineInfo("other.gguf", "llama", sha256="9f" * 32)
    again = corpus.begin_reply(identifier, said.id, other, Sampling())
    corpus.end_reply(again.id, "Whole.", "complete")
    shown = without_times(command("corpus", "show", identifier).out)
    assert "democrat: Good day." in shown
    assert "democrat (version 2 of 2, by other.gguf): Whole." in shown
    corpus.activate(identifier, corpus.siblings(again.id)[0].id)
    assert "democrat (interrupted, version 1 of 2): Half a" in without_times(command("corpus", "show", identifier).out)
