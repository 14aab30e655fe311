"""`corpus withdraw` at the command line: nothing of a person is left here, and where else it is is said."""

import re
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, connection
from chat_personas.paths import corpus_path, log_path, make_private
from tests.cli.running import Command, only_line
from tests.corpus.export.participants import answer, conversation_of, take_part

WORD = "zyxwvutquokka"


def bytes_of_home(home: Path) -> bytes:
    """Everything that the program stores on this machine."""
    return b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())


def test_after_it_no_file_of_the_program_and_no_fresh_export_has_the_words(
    command: Command, corpus: Corpus, home: Path
) -> None:
    way = take_part(corpus, (f"I am {WORD}", f"Hello {WORD}"), recruiter_id=f"{WORD}-7")
    answer(corpus, way, "why", said=f"because {WORD}")
    take_part(corpus, ("I stay", "Good."))
    assert command("export", "--format", "csv", "--out", "tables").code == 0
    make_private(log_path().parent)
    for file in (log_path(), log_path().with_suffix(".log.old")):
        file.write_text(f"WARNING the server did not understand: {WORD}\n")
    assert WORD.encode() in bytes_of_home(home).lower()
    ran = command("corpus", "withdraw", way.participant_id[:22], "--yes")
    assert (ran.code, ran.err) == (0, "withdrawn\n")
    lines = ran.out.splitlines()
    assert lines[0] == f"{way.participant_id}: deleted are"
    assert lines[1].startswith("  1 conversation of 2 messages, 1 answer, 0 guesses, 0 ratings")
    assert lines[2] == "  these releases still hold words of the person:"
    pseudonym = re.fullmatch(r"    01\w{24}  \d{4}-\d\d-\d\d  csv  tables: there (P-[A-Z2-7]{16})", lines[3])
    assert pseudonym is not None
    assert pseudonym[1] in Path("tables/conversations.csv").read_text()
    assert lines[4] == "log files removed: chat-personas.log, chat-personas.log.old"
    assert lines[5].startswith("backups, copies and corpora merged from this one before now still hold the words")
    assert WORD.encode() not in bytes_of_home(home).lower()
    assert command("export", "--own", "--scope", "use", "--format", "sqlite", "--out", "fresh.db").code == 0
    assert WORD.encode() not in Path("fresh.db").read_bytes().lower()
    assert command("corpus", "doctor").code == 0


def test_ones_own_name_for_a_person_names_them(command: Command, corpus: Corpus) -> None:
    way = take_part(corpus, ("I am one", "Hello"))
    with corpus._connections.writing() as connection:
        connection.execute("INSERT INTO identifiers VALUES (?, 'participant', 'P07')", (way.participant_id,))
    corpus.close()
    ran = command("corpus", "withdraw", "--participant", "P07", "--yes")
    assert ran.code == 0
    assert way.participant_id in ran.out
    assert (
        "no participant has the participant's identifier"
        in command("corpus", "withdraw", "--participant", "P08", "--yes").err
    )


def test_a_recruiters_identifier_names_the_person(command: Command, corpus: Corpus) -> None:
    one = take_part(corpus, ("I am one", "Hello"), recruiter_id="5f3a")
    again = take_part(corpus, ("I am one, elsewhere", "Hello"), recruiter_id="5f3a")
    other = take_part(corpus, ("I am two", "Hello"), recruiter_id="77aa")
    ran = command("corpus", "withdraw", "--recruiter-id", "5f3a", "--yes")
    assert ran.code == 0
    assert [line[:26] for line in ran.out.splitlines() if line.endswith("deleted are")] == [
        one.participant_id,
        again.participant_id,
    ]
    assert corpus.conversation_ids() == (conversation_of(corpus, other),)
    assert "there was no log file" in ran.out
    assert "no release holds words of the person" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give the key of a participant, --participant or --recruiter-id"),
        (["01JD", "--recruiter-id", "5f3a"], "give the key of a participant, --participant or --recruiter-id"),
        (["01ZZZZ", "--yes"], 'there is no participant "01ZZZZ"'),
        (["--recruiter-id", "none", "--yes"], 'no participant has the recruiter\'s identifier "none"'),
    ],
    ids=["nobody", "both", "unknown", "unknown identifier"],
)
def test_who_is_meant_must_be_clear(command: Command, corpus: Corpus, arguments: list[str], says: str) -> None:
    take_part(corpus, ("I am one", "Hello"), recruiter_id="5f3a")
    ran = command("corpus", "withdraw", *arguments)
    assert ran.code == 2
    assert says in only_line(ran)
    assert len(corpus.conversation_ids()) == 1


def test_without_a_terminal_it_needs_a_yes(command: Command, corpus: Corpus) -> None:
    way = take_part(corpus, ("I am one", "Hello"))
    ran = command("corpus", "withdraw", way.participant_id)
    assert ran.code == 2
    assert "a withdrawal cannot be undone; add --yes to agree" in only_line(ran)
    assert len(corpus.conversation_ids()) == 1


def test_a_merge_names_who_withdrew_elsewhere(command: Command, corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus, ("I am one", "Hello"))
    corpus.back_up(tmp_path / "other.db")
    with Corpus.open(tmp_path / "other.db") as other:
        other.withdraw_participant(way.participant_id)
    ran = command("corpus", "merge", str(tmp_path / "other.db"))
    assert ran.code == 1
    assert f"{way.participant_id} withdrew there and is still here; run: chat-personas corpus withdraw" in ran.out


def test_while_another_program_reads_it_says_that_traces_remain_and_erases_them_at_the_next_start(
    command: Command, corpus: Corpus, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = take_part(corpus, (f"I am {WORD}", "Hello"))
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    with Corpus.open(corpus_path(), read_only=True) as reader, reader._connections.reading() as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM messages").fetchone()
        ran = command("corpus", "withdraw", way.participant_id, "--yes")
        reading.execute("COMMIT")
    assert ran.code == 0
    assert ran.err == (
        "withdrawn; traces of the text are left on the disk (something else is using the corpus); "
        "they are erased when the corpus is opened again\n"
    )
    assert WORD.encode() in bytes_of_home(home).lower()
    assert command("corpus", "doctor").code == 0
    assert WORD.encode() not in bytes_of_home(home).lower()
