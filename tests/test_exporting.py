"""What a person exports from where they talk: as the command `export --own`, refused or named in one sentence."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus, Selection, conversations
from chat_personas.corpus.errors import ExportError
from chat_personas.corpus.export import FORMATS, Written, export_to
from chat_personas.exporting import ALL, Asked, Chosen, Exporter, Outlook, asked_for, slug, with_ending
from eval.engine import Sampling
from personas import load_persona
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.export.talks import forked
from tests.corpus.making import INFO, branch_of, conversation_row, talk
from tests.fakes import END, FakeEngine


def looked(corpus: Corpus, *keys: str) -> Outlook:
    """What can become of an export of these conversations."""
    return Exporter(corpus).outlook(Chosen(keys))


def said_in(line: str) -> list[str]:
    """What is said in a line of chat messages, without the system prompt."""
    return [message["content"] for message in json.loads(line)["messages"] if message["role"] != "system"]


# What is asked for


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", Asked()),
        ("formats", Asked()),
        ("csv", Asked("csv", "")),
        ("OpenAI", Asked("openai", "")),
        ("openai talk.txt", Asked("openai", "talk.txt")),
        ("html my talk about guns", Asked("html", "my talk about guns")),
        ("talk.md", Asked("markdown", "talk.md")),
        ("~/my talks/guns.HTML", Asked("html", "~/my talks/guns.HTML")),
        ("talk.jsonl", Asked("openai", "talk.jsonl")),
        ("town.sav", Asked("spss", "town.sav")),
        ("talks/guns", Asked("", "talks/guns")),
    ],
)
def test_a_format_can_be_written_by_its_name_or_by_the_ending_of_a_file(written: str, meant: Asked) -> None:
    assert asked_for(written) == meant


@pytest.mark.parametrize("path", ["nosuch.xyz", "~/my talks/guns.txt", "talk.md.gz"])
def test_an_ending_of_no_format_is_refused_with_those_that_there_are_and_how_to_write_it_all_the_same(
    path: str,
) -> None:
    with pytest.raises(ExportError) as found:
        asked_for(path)
    ending = Path(path).suffix
    assert str(found.value).startswith(
        f'no format is known by the ending "{ending}"; there is ".md", ".html", ".jsonl"'
    )
    assert str(found.value).endswith(f"begin with the format: /export markdown {path}")
    assert asked_for(f"markdown {path}") == Asked("markdown", path)


def test_a_word_that_is_neither_a_format_nor_a_path_is_met_with_the_format_it_is_like() -> None:
    with pytest.raises(Exception, match='there is no format "markdwon"; did you mean "markdown"'):
        asked_for("markdwon")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("md talks/", 'there is no format "md"; did you mean "markdown"? there is "markdown", "html", '),
        ("cvs out/town", 'there is no format "cvs"; did you mean "csv"? there is "markdown", "html", '),
        ("zebra talk.md", 'there is no format "zebra"; there is "markdown", "html", '),
    ],
)
def test_a_first_word_is_never_taken_as_the_beginning_of_a_path(written: str, said: str) -> None:
    with pytest.raises(ExportError) as found:
        asked_for(written)
    assert str(found.value).startswith(said)


@pytest.mark.parametrize(
    ("path", "form", "wanted"),
    [
        ("~/talk.md", "html", "~/talk.html"),
        ("talk.jsonl", "csv", "talk"),
        ("talk.v2", "html", "talk.v2"),
        ("talk", "html", "talk"),
    ],
)
def test_the_ending_of_a_name_follows_the_format_where_it_is_that_of_one(path: str, form: str, wanted: str) -> None:
    assert with_ending(path, ALL[form]) == wanted


# Names


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("What about guns?", "what-about-guns"),
        ("../../etc/passwd", "etc-passwd"),
        ("Çok iyi — 很好!", "çok-iyi-很好"),
        ("\u202egnp.exe\x1b[31m", "gnp-exe-31m"),
        ("one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight"),
        ("x" * 50, "x" * 40),
        ("?!", ""),
    ],
)
def test_a_title_becomes_part_of_a_name_without_anything_that_a_path_takes_for_its_own(title: str, wanted: str) -> None:
    assert slug(title) == wanted


def test_a_name_is_proposed_from_the_short_name_and_the_title_and_tells_formats_apart(corpus: Corpus) -> None:
    key = talk(corpus, ("Well?", "Yes."), row=conversation_row().model_copy(update={"title": "What about guns?"}))
    outlook, short = looked(corpus, key), corpus.short_names()[key]
    names = {name: outlook.proposed(form) for name, form in ALL.items()}
    assert names["markdown"] == f"{short}-what-about-guns.md"
    assert names["openai"] == f"{short}-what-about-guns.jsonl"
    assert names["oasst"] == f"{short}-what-about-guns-oasst.jsonl"
    assert names["csv"] == f"{short}-what-about-guns-csv"
    assert len(set(names.values())) == len(ALL) == 12
    assert looked(corpus, key, talk(corpus, ("Well?", "Yes."))).proposed(ALL["openai"]) == "2-conversations.jsonl"


# Who may leave


def test_the_file_of_a_participant_is_named_after_nobody_and_holds_pseudonyms_and_masked_words(
    corpus: Corpus, tmp_path: Path
) -> None:
    way = take_part(corpus, ("I am ann@example.org.", "So."), scope="research")
    key = conversation_of(corpus, way)
    outlook = looked(corpus, key)
    assert outlook.proposed(ALL["openai"]) == "participant-conversation.jsonl"
    assert outlook.remark == "Participants' words leave masked, under pseudonyms."
    done = Exporter(corpus).export(Chosen((key,)), ALL["openai"], tmp_path / "talk.jsonl")
    text = (tmp_path / "talk.jsonl").read_text()
    assert said_in(text) == ["I am [EMAIL].", "So."]
    assert key not in text
    assert [row.id for row in corpus.releases.holding(way.participant_id)] == [done.release]


@pytest.mark.parametrize("how", [{"scope": "use"}, {"test": True}, {"withdrawn": True}, {"consent_withdrawn": True}])
def test_a_participant_who_did_not_agree_is_refused_in_one_sentence(corpus: Corpus, how: dict[str, Any]) -> None:
    key = conversation_of(corpus, take_part(corpus, ("Well?", "So."), **how))
    assert looked(corpus, key).refused == (
        "this is a participant's and may not leave: without consent to research, withdrawn, a test, or a fork"
    )


def test_a_fork_of_a_participants_conversation_is_refused(corpus: Corpus) -> None:
    key = conversation_of(corpus, take_part(corpus, ("Well?", "So.")))
    leaf = corpus.conversation(key).active_leaf_id
    assert leaf is not None
    assert "may not leave" in looked(corpus, corpus.fork(leaf)).refused


def test_of_a_list_those_leave_that_may_and_it_is_said_how_many_stay(corpus: Corpus, tmp_path: Path) -> None:
    mine = talk(corpus, ("Mine?", "Yes."))
    silent = conversation_of(corpus, take_part(corpus, ("Secret?", "So."), scope="use"))
    chosen = Chosen((mine, silent))
    stays = "1 of participants (no consent to it, withdrawn, tests or forks)"
    assert Exporter(corpus).outlook(chosen).remark == f"Not exported: {stays}."
    done = Exporter(corpus).export(chosen, ALL["openai"], tmp_path / "talks.jsonl")
    assert str(done).endswith(f"(1 conversation, openai, release {done.release}); not exported: {stays}")
    assert "Secret?" not in (tmp_path / "talks.jsonl").read_text()


# What formats can hold


def test_each_format_that_cannot_hold_it_says_why(corpus: Corpus) -> None:
    assert looked(corpus, talk(corpus, ("Well?", "Yes."))).obstacles == {
        "trl-preference": "it needs two replies to a message, rated differently",
        "spss": "it is for studies; csv is for conversations",
    }
    rated = forked(corpus).conversation
    assert looked(corpus, rated).obstacles.keys() == {"spss"}
    several = looked(corpus, rated, talk(corpus, ("Well?", "Yes."))).obstacles
    assert several["markdown"] == several["html"] == "it takes one conversation; these are 2"
    unanswered = looked(corpus, talk(corpus, ("Well?", "I"), last="stopped")).obstacles
    assert ALL.keys() - unanswered.keys() == {"sqlite", "csv", "markdown", "html"}
    assert unanswered["openai"] == "it needs a complete reply on the branch last shown"
    assert unanswered["oasst"] == "it needs a complete reply"


def test_a_participation_can_be_held_by_every_format_but_one_that_needs_ratings(corpus: Corpus) -> None:
    key = conversation_of(corpus, take_part(corpus, ("Well?", "So.")))
    assert looked(corpus, key).obstacles.keys() == {"trl-preference"}


async def debated(corpus: Corpus) -> tuple[str, str]:
    """Hold a debate of two replies; return the keys of its two sides."""
    engine = FakeEngine(["Less.", END], ["More.", END])
    personas = load_persona("democrat"), load_persona("republican")
    debate = Debate.start(corpus, (engine, engine), personas, "Guns?", 1)
    for _ in range(2):
        async for _ in debate.turn():
            pass
    one, other = debate.sides
    return one.id, other.id


async def test_a_debate_is_held_by_those_formats_only_that_can_say_who_wrote_it(corpus: Corpus) -> None:
    _, quoting = await debated(corpus)
    assert ALL.keys() - looked(corpus, quoting).obstacles.keys() == {
        "markdown", "html", "oasst", "convokit", "csv", "sqlite"
    }  # fmt: skip


@pytest.mark.parametrize(("form", "package"), [("huggingface", "pyarrow"), ("spss", "pyreadstat")])
def test_a_format_whose_packages_are_missing_names_the_command_that_installs_them(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, form: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    key = conversation_of(corpus, take_part(corpus, ("Well?", "So.")))
    why = looked(corpus, key).obstacles[form]
    assert why.startswith(f"the format {form} needs {package}")
    assert why.endswith("with: python -m pip install 'chat-personas[export]'")


def test_that_spss_is_for_studies_is_said_before_any_package(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    key = talk(corpus, ("Well?", "Yes."))
    assert looked(corpus, key).obstacles["spss"].endswith("csv is for conversations")
    with pytest.raises(ExportError, match=r"spss has a row for each; .*; csv is for conversations"):
        export_to(corpus, FORMATS["spss"], Selection(ids=(key,), own=True), tmp_path / "town.sav")


# Writing


def test_every_format_writes_what_the_command_writes_and_is_in_the_ledger(corpus: Corpus, tmp_path: Path) -> None:
    key = forked(corpus).conversation
    for name, form in ALL.items():
        if name in ("spss", "huggingface"):  # a row for each participation; two writings differ by a time
            continue
        done = Exporter(corpus).export(Chosen((key,)), form, tmp_path / f"here-{name}")
        export_to(corpus, form, Selection(ids=(key,), own=True), tmp_path / f"there-{name}")
        *_, ours, theirs = corpus.releases.all()
        assert done.release == ours.id
        assert (ours.format, ours.file, ours.chosen) == (name, f"here-{name}", theirs.chosen)
        assert ours.counted["conversations"] == theirs.counted["conversations"] == 1
        if name != "sqlite":
            assert ours.sha256 == theirs.sha256, name


def test_a_file_that_exists_stays_unless_it_is_to_be_replaced(corpus: Corpus, tmp_path: Path) -> None:
    chosen, place = Chosen((talk(corpus, ("Well?", "Yes.")),)), tmp_path / "talk.md"
    place.write_text("precious")
    with pytest.raises(Exception, match="is there already"):
        Exporter(corpus).export(chosen, ALL["markdown"], place)
    assert (place.read_text(), corpus.releases.all()) == ("precious", ())
    Exporter(corpus).export(chosen, ALL["markdown"], place, replacing=True)
    assert "Well?" in place.read_text()
    assert place.stat().st_mode & 0o777 == 0o600


def test_what_a_format_cannot_hold_is_counted_and_named_with_the_reason(corpus: Corpus, tmp_path: Path) -> None:
    chosen = Chosen(
        (talk(corpus, ("Well?", "Yes.")), talk(corpus, ("So?", "I"), last="interrupted"), forked(corpus).conversation)
    )
    for name in ("openai", "sharegpt", "convokit", "prism", "huggingface"):
        done = Exporter(corpus).export(chosen, ALL[name], tmp_path / name)
        lacking = (
            "1 conversation without a complete reply on the branch last shown, "
            "the end of 1 conversation (no complete reply to it on the branch last shown)"
        )
        assert str(done).endswith(f"; not exported: {lacking}"), name
    done = Exporter(corpus).export(chosen, ALL["trl-preference"], tmp_path / "pairs.jsonl")
    assert done.written == Written(1, "2 conversations without two complete replies to a message, rated differently")
    done = Exporter(corpus).export(chosen, ALL["oasst"], tmp_path / "trees.jsonl")
    lacking = "1 conversation without a complete reply, the end of 1 branch (no complete reply to it)"
    assert done.written == Written(2, lacking)
    for name in ("csv", "sqlite"):
        assert Exporter(corpus).export(chosen, ALL[name], tmp_path / name).written == Written(3, ""), name


def test_a_reply_that_is_still_being_written_is_counted(corpus: Corpus, tmp_path: Path) -> None:
    key = talk(corpus, ("Well?", "Yes."))
    _, reply = corpus.begin_turn(key, branch_of(corpus, key)[-1].id, "Why?", INFO, Sampling())
    for text, stays in (("", ""), ("Bec", "1 reply still being written")):
        corpus.flush_reply(reply.id, text)
        for name in ("csv", "sqlite", "markdown", "html"):
            done = Exporter(corpus).export(Chosen((key,)), ALL[name], tmp_path / name, replacing=True)
            assert done.written == Written(1, stays), name


def test_a_long_list_is_exported_in_one(corpus: Corpus, tmp_path: Path) -> None:
    with corpus._connections.writing() as connection:
        rows = [conversation_row() for _ in range(600)]
        for row in rows:
            conversations.add(connection, row)
    chosen = Chosen((talk(corpus, ("Well?", "Yes.")), *(row.id for row in rows)))
    assert Exporter(corpus).outlook(chosen).refused == ""
    assert Exporter(corpus).export(chosen, ALL["sqlite"], tmp_path / "all.db").written.units == 601


def test_how_far_it_is_can_be_followed(corpus: Corpus, tmp_path: Path) -> None:
    counts: list[int] = []
    chosen = Chosen(tuple(talk(corpus, ("Well?", "Yes.")) for _ in range(3)))
    Exporter(corpus).export(chosen, ALL["csv"], tmp_path / "tables", told=counts.append)
    assert counts == [1, 2, 3]


def test_what_is_only_in_memory_is_written_from_there_in_the_format_that_can(corpus: Corpus, tmp_path: Path) -> None:
    def write(path: Path) -> None:
        path.write_text("from memory")

    chosen = Chosen(("01" + "K" * 24,), write)
    exporter = Exporter(corpus)
    outlook = exporter.outlook(chosen)
    assert ALL.keys() - outlook.obstacles.keys() == {"openai"}
    assert exporter.first_choice(outlook) == "openai"
    done = exporter.export(chosen, ALL["openai"], tmp_path / "talk.jsonl")
    assert (tmp_path / "talk.jsonl").read_text() == "from memory"
    assert str(done).endswith("(1 conversation, openai, from memory, not in the ledger)")


# The last choice


def test_the_first_choice_is_markdown_and_afterwards_the_last_one(corpus: Corpus, tmp_path: Path) -> None:
    chosen = Chosen((talk(corpus, ("Well?", "Yes.")),))
    exporter = Exporter(corpus)
    assert exporter.last_format() == "markdown"
    exporter.export(chosen, ALL["csv"], tmp_path / "tables")
    export_to(corpus, FORMATS["sqlite"], Selection(own=True), tmp_path / "all.db")
    assert exporter.last_format() == Exporter(corpus).last_format() == "csv"
    assert exporter.folder == tmp_path
    assert exporter.first_choice(exporter.outlook(chosen)) == "csv"


def test_the_last_choice_gives_way_where_it_cannot_hold_what_is_chosen(corpus: Corpus, tmp_path: Path) -> None:
    one, other = talk(corpus, ("Well?", "Yes.")), talk(corpus, ("Well?", "No."))
    exporter = Exporter(corpus)
    exporter.export(Chosen((one,)), ALL["markdown"], tmp_path / "talk.md")
    assert exporter.first_choice(exporter.outlook(Chosen((one, other)))) == "openai"
