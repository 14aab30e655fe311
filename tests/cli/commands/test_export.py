"""`export` at the command line; the formats themselves are tested with the corpus."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, RatingRow
from chat_personas.corpus.export.format import DirectoryFormat, FileFormat, TextFormat
from chat_personas.exporting import ALL
from chat_personas.paths import corpus_path
from eval.engine import Sampling
from tests.cli.running import Command, only_line
from tests.corpus.export.participants import take_part
from tests.corpus.making import INFO, branch_of, conversation_row, talk
from tests.corpus.unprivileged import without_privileges


@pytest.fixture
def kept(corpus: Corpus) -> list[str]:
    """Three conversations: with a Democrat in January and March, with a Republican in February."""
    begun = ((1, "democrat", "guns"), (2, "republican", "taxes"), (3, "democrat", "schools"))
    return [
        talk(
            corpus,
            (f"What about {topic}?", f"About {topic}, well."),
            row=conversation_row(persona=persona, began=datetime(2026, month, 15, tzinfo=UTC)),
        )
        for month, persona, topic in begun
    ]


def topics(lines: str) -> list[str]:
    """What the exported conversations are about."""
    return [json.loads(line)["messages"][0]["content"].removeprefix("What about ") for line in lines.splitlines()]


def test_a_file_gets_one_json_line_per_conversation(command: Command, kept: list[str]) -> None:
    ran = command("export", "--own", "--format", "openai", "--out", "dialogues.jsonl")
    assert (ran.code, ran.out, ran.err) == (0, "", "3 conversations written to dialogues.jsonl\n")
    first = json.loads(Path("dialogues.jsonl").read_text().splitlines()[0])
    assert first == {
        "messages": [
            {"role": "user", "content": "What about guns?"},
            {"role": "assistant", "content": "About guns, well."},
        ]
    }


def test_standard_output_gets_the_lines_and_nothing_else(command: Command, kept: list[str]) -> None:
    ran = command("export", "--own", "--out", "-")
    assert (ran.code, ran.err) == (0, "")
    assert topics(ran.out) == ["guns?", "taxes?", "schools?"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--persona", "democrat"], ["guns?", "schools?"]),
        (["--since", "2026-02-15"], ["taxes?", "schools?"]),
        (["--until", "2026-02-15"], ["guns?", "taxes?"]),
        (["--persona", "democrat", "--since", "2026-02-01"], ["schools?"]),
        (["--since", "2027-01-01"], []),
    ],
    ids=" ".join,
)
def test_filters_choose_conversations(command: Command, kept: list[str], filters: list[str], found: list[str]) -> None:
    ran = command("export", "--own", "--out", "-", *filters)
    assert ran.code == 0
    assert topics(ran.out) == found


def test_conversations_are_chosen_by_id(command: Command, kept: list[str]) -> None:
    ran = command("export", "--own", "--out", "-", "--id", kept[2], "--id", kept[0])
    assert topics(ran.out) == ["guns?", "schools?"]


def test_your_own_conversations_leave_only_when_asked(command: Command, kept: list[str]) -> None:
    ran = command("export", "--out", "dialogues.jsonl")
    assert ran.code == 2
    assert "3 conversations of your own (add --own to export them)" in only_line(ran)
    assert not Path("dialogues.jsonl").exists()


def test_what_consent_covers_leaves_and_the_rest_is_counted(command: Command, corpus: Corpus, kept: list[str]) -> None:
    take_part(corpus, ("What about rents?", "Too high."), scope="research")
    take_part(corpus, ("What about wages?", "Too low."), scope="use")
    ran = command("export", "--out", "dialogues.jsonl")
    counted = "3 of your own (--own exports them), 1 of participants (no consent to it, withdrawn, tests or forks)"
    assert (ran.code, ran.err) == (0, f"1 conversation written to dialogues.jsonl; not exported: {counted}\n")
    assert topics(Path("dialogues.jsonl").read_text()) == ["rents?"]
    ran = command("export", "--out", "-")
    assert (topics(ran.out), ran.err) == (["rents?"], f"not exported: {counted}\n")


def test_words_of_participants_are_masked_unless_that_is_turned_off(command: Command, corpus: Corpus) -> None:
    take_part(corpus, ("What about ann@example.org?", "Who?"))
    assert topics(command("export", "--out", "-").out) == ["[EMAIL]?"]
    assert topics(command("export", "--no-masking", "--out", "-").out) == ["ann@example.org?"]
    refused = command("export", "--no-masking", "--masking", "presidio", "--out", "-")
    assert refused.code == 2
    assert "do not go together" in only_line(refused)


def test_masking_by_presidio_says_what_to_install(
    command: Command, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_part(corpus, ("What about ann@example.org?", "Who?"))
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    ran = command("export", "--masking", "presidio", "--out", "-")
    assert ran.code == 2
    assert "python -m pip install 'chat-personas[presidio]'" in only_line(ran)


def test_a_release_is_verified_and_listed(command: Command, corpus: Corpus) -> None:
    take_part(corpus, ("What about rents?", "Too high."))
    terms = ("--licence-people", "CC-BY-4.0", "--study", "town")
    assert command("export", "--format", "csv", "--out", "tables", *terms).code == 0
    ran = command("export", "verify", "tables")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].endswith("csv  tables")
    assert lines[1:4] == [
        "  1 conversation, 1 of them of 1 participant",
        '  chosen: study "town", scope "research", masking "rules"',
        "  licence of people's words: CC-BY-4.0; of the model's words: not stated",
    ]
    assert lines[-1] == "unaltered: its content is that of the release"
    assert command("export", "releases").out.splitlines() == lines[:-1]
    Path("tables/messages.csv").write_text("")
    ran = command("export", "verify", "tables")
    assert ran.code == 1
    assert "no release has this content; the release of " in ran.out
    assert ran.out.endswith("altered, missing or added: messages.csv\n")


def test_what_no_release_is_like_is_said(command: Command, kept: list[str]) -> None:
    Path("mine").write_text("mine")
    ran = command("export", "verify", "mine")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == "no release has this content, and none wrote a file of this name (0 releases)\n"
    assert command("export", "verify", "nothing").code == 2
    assert command("export", "releases").err == "no release yet\n"


def test_a_licence_has_an_spdx_name(command: Command, kept: list[str]) -> None:
    ran = command("export", "--own", "--out", "-", "--licence-model", "my own licence")
    assert ran.code == 2
    assert "give the SPDX name of a licence" in only_line(ran)


def test_without_a_ledger_only_your_own_leave(command: Command, corpus: Corpus, kept: list[str]) -> None:
    take_part(corpus, ("What about rents?", "Too high."))
    ran = command("export", "--own", "--no-ledger", "--out", "mine.jsonl")
    assert ran.code == 0
    assert topics(Path("mine.jsonl").read_text()) == ["guns?", "taxes?", "schools?"]
    assert corpus.releases.all() == ()


def test_a_corpus_that_cannot_be_written_exports_only_without_a_ledger(command: Command, kept: list[str]) -> None:
    corpus_path().chmod(0o400)
    said = without_privileges(lambda: command("export", "--own", "--out", "mine.jsonl"))
    assert said.startswith("Ran(code=4, out='', err='chat-personas: the corpus cannot be written")
    assert "export your own conversations with --no-ledger" in said
    assert not Path("mine.jsonl").exists()
    said = without_privileges(lambda: command("export", "--own", "--no-ledger", "--out", "mine.jsonl"))
    assert said == "Ran(code=0, out='', err='3 conversations written to mine.jsonl\\n')"


@pytest.mark.parametrize("rated", ["realism>=high", "realism>=", "realism>=nan"])
def test_a_rating_that_is_not_a_number_is_wrong_input(command: Command, kept: list[str], rated: str) -> None:
    ran = command("export", "--own", "--out", "-", "--rated", rated)
    assert ran.code == 2
    assert "after >= stands a number" in only_line(ran)


def test_ratings_choose_conversations(command: Command, corpus: Corpus, kept: list[str]) -> None:
    for key, value in zip(kept, (5, 4, 6), strict=True):
        reply = branch_of(corpus, key)[-1]
        corpus.add_rating(RatingRow(message_id=reply.id, scale="realism 1-7", value=value))
    ran = command("export", "--own", "--out", "-", "--rated", "realism 1-7>=5")
    assert topics(ran.out) == ["guns?", "schools?"]


def test_a_device_is_not_replaced_by_a_file(command: Command, kept: list[str]) -> None:
    os.mkfifo("pipe")
    ran = command("export", "--own", "--out", "pipe", "--force")
    assert ran.code == 2
    assert "pipe is a pipe; name a file, or - for standard output" in only_line(ran)
    assert Path("pipe").is_fifo()


def test_a_directory_is_not_taken_for_a_file_that_may_be_replaced(command: Command, kept: list[str]) -> None:
    Path("folder").mkdir()
    ran = command("export", "--own", "--out", "folder")
    assert ran.code == 2
    assert "folder is a directory; give the name of a file in it" in only_line(ran)


@pytest.mark.parametrize("name", ["openai", "csv", "sqlite"])
def test_a_name_that_nothing_can_have_is_wrong_input(command: Command, kept: list[str], name: str) -> None:
    ran = command("export", "--own", "--format", name, "--out", "x" * 300)
    assert ran.code == 2
    assert "cannot be written" in only_line(ran)


def test_a_file_that_is_there_is_replaced_only_when_asked(command: Command, kept: list[str]) -> None:
    Path("mine.jsonl").write_text("mine")
    ran = command("export", "--own", "--out", "mine.jsonl")
    assert ran.code == 2
    assert "mine.jsonl exists already; choose another name or add --force" in only_line(ran)
    assert Path("mine.jsonl").read_text() == "mine"
    assert command("export", "--own", "--out", "mine.jsonl", "--force").code == 0
    assert len(Path("mine.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "nowhere/x.jsonl"], "there is no directory nowhere"),
        (["--out", "x", "--persona", "democart"], 'did you mean "democrat"?'),
        (["--out", "x", "--format", "nope"], "the formats are markdown, html, openai, "),
        (["--out", "x", "--id", "01ZZ"], "01ZZ"),
        (["--out", "x", "--since", "yesterday"], "--since"),
        ([], "--out"),
    ],
    ids=["no directory", "unknown persona", "unknown format", "unknown id", "no date", "no file"],
)
def test_what_cannot_be_exported_is_wrong_input(
    command: Command, kept: list[str], arguments: list[str], says: str
) -> None:
    ran = command("export", "--own", *arguments)
    assert ran.code == 2
    assert says in only_line(ran)
    assert not Path("x").exists()


def test_an_export_without_conversations_says_so(command: Command, kept: list[str]) -> None:
    ran = command("export", "--own", "--out", "-", "--since", "2030-01-01")
    assert (ran.code, ran.out, ran.err) == (0, "", "no conversation matches; nothing was written\n")


def test_a_closed_standard_output_is_storage_that_failed(
    command: Command, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as closed:
        closed.setattr("sys.stdout", None)
        ran = command("export", "--own", "--out", "-")
    assert ran.code == 4
    assert only_line(ran).strip() == "chat-personas: standard output is closed; name a file instead of -"


@pytest.mark.parametrize("name", ["csv", "convokit", "sqlite"])
def test_what_is_no_text_goes_to_a_place_of_its_own(command: Command, kept: list[str], name: str) -> None:
    ran = command("export", "--own", "--format", name, "--out", "there", "--persona", "democrat")
    assert (ran.code, ran.out, ran.err) == (0, "", "2 conversations written to there\n")
    assert Path("there").exists()
    refused = command("export", "--own", "--format", name, "--out", "there")
    assert refused.code == 2
    assert "there exists already; choose another name or add --force" in only_line(refused)
    assert (
        command("export", "--own", "--format", name, "--out", "there", "--force").err
        == "3 conversations written to there\n"
    )
    ran = command("export", "--own", "--format", name, "--out", "-")
    assert ran.code == 2
    assert "cannot go to standard output" in only_line(ran)


def test_a_page_is_of_one_conversation(command: Command, kept: list[str]) -> None:
    ran = command("export", "--own", "--format", "html", "--out", "page.html")
    assert ran.code == 2
    assert "html takes one conversation; choose it with --id" in only_line(ran)
    assert not Path("page.html").exists()
    ran = command("export", "--own", "--format", "html", "--out", "page.html", "--id", kept[1])
    assert (ran.code, ran.err) == (0, "1 conversation written to page.html\n")
    assert "About taxes, well." in Path("page.html").read_text()


def test_an_export_of_pairs_counts_pairs(command: Command, kept: list[str]) -> None:
    ran = command("export", "--own", "--format", "trl-preference", "--out", "-")
    assert (ran.code, ran.out) == (2, "")
    assert "3 conversations without two complete replies to a message, rated differently" in only_line(ran)


def test_a_conversation_without_a_complete_reply_is_named_or_held_never_dropped(
    command: Command, corpus: Corpus
) -> None:
    key = talk(corpus, ("What about guns?", "About gu"), last="interrupted")
    for out in ("z.jsonl", "-"):
        ran = command("export", "--own", "--id", key, "--format", "openai", "--out", out)
        assert (ran.code, ran.out) == (2, "")
        assert "nothing that was chosen can be in openai: 1 conversation without a complete reply" in only_line(ran)
        assert "(csv, sqlite, markdown and html hold what was said to its end)" in only_line(ran)
    assert not Path("z.jsonl").exists()
    ran = command("export", "--own", "--id", key, "--format", "markdown", "--out", "-")
    assert ran.code == 0
    assert "> About gu\n\n*interrupted*" in ran.out


def test_a_complete_version_that_is_not_shown_is_not_denied(command: Command, corpus: Corpus) -> None:
    key = talk(corpus, ("What about guns?", "Ban them."))
    stopped = corpus.begin_reply(key, branch_of(corpus, key)[0].id, INFO, Sampling())
    corpus.end_reply(stopped.id, "Ban", "stopped")
    for name in ("openai", "sharegpt", "convokit", "prism", "huggingface"):
        if ALL[name].lacking():
            continue
        ran = command("export", "--own", "--id", key, "--format", name, "--out", name)
        assert ran.code == 2
        lacking = (
            f"nothing that was chosen can be in {name}: 1 conversation without a complete reply on the branch last"
        )
        assert lacking in only_line(ran)
    ran = command("export", "--own", "--id", key, "--format", "oasst", "--out", "trees.jsonl")
    assert ran.code == 0
    assert "the end of 1 branch (no complete reply to it)" in ran.err


def test_the_manual_says_of_every_format_what_it_is_and_what_it_leaves_out() -> None:
    page = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")
    kinds = {TextFormat: "a text", FileFormat: "a file", DirectoryFormat: "a directory"}
    for name, form in ALL.items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |") and line.count("|") == 5)
        assert row.split(" | ")[1:3] == [form.for_whom, kinds[type(form)]], name
        (left_out,) = (line for line in page.splitlines() if f"`{name}`" in line and line.count("|") == 3)
        assert left_out.split(" | ")[1] == f"{form.leaves_out} |", name
