"""In no format does a model's text stand where the format says that a person spoke, whoever says what in a debate.

Each reader below returns the texts that a format gives as a person's, by the fields with which the format says so. A
format without a reader fails the first test.
"""

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus, RatingRow, Selection, Words
from chat_personas.corpus.export import ExportError, Format, export_to, withheld
from chat_personas.corpus.sql import new_key
from chat_personas.exporting import ALL
from eval.engine import EngineError, Piece, Sampling
from personas import load_persona
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import INFO, branch_of, conversation_row, stopped_in_a_debate, talk
from tests.examples import share
from tests.fakes import END, FakeEngine

EVERYTHING = Selection(own=True)
PERSONAS = load_persona("democrat"), load_persona("republican")


def _lines(file: Path) -> Iterator[dict[str, object]]:
    yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def openai(out: Path) -> Iterator[str]:
    """`role` is `user`."""
    for line in _lines(out):
        yield from (one["content"] for one in line["messages"] if one["role"] == "user")  # type: ignore[index, attr-defined]


def sharegpt(out: Path) -> Iterator[str]:
    """`from` is `human`."""
    for line in _lines(out):
        yield from (one["value"] for one in line["conversations"] if one["from"] == "human")  # type: ignore[index, attr-defined]


def trl_preference(out: Path) -> Iterator[str]:
    """`role` is `user` in `prompt`."""
    for line in _lines(out):
        yield from (one["content"] for one in line["prompt"] if one["role"] == "user")  # type: ignore[index, attr-defined]


def oasst(out: Path) -> Iterator[str]:
    """`role` is `prompter` and `synthetic` is false."""
    nodes = [line["prompt"] for line in _lines(out)]
    while nodes:
        node = nodes.pop()
        if node["role"] == "prompter" and not node["synthetic"]:  # type: ignore[index]
            yield node["text"]  # type: ignore[index, misc]
        nodes += node["replies"]  # type: ignore[index, operator]


def convokit(out: Path) -> Iterator[str]:
    """The speaker's `is_ai` is false."""
    speakers = json.loads((out / "speakers.json").read_text(encoding="utf-8"))
    for line in _lines(out / "utterances.jsonl"):
        if not speakers[line["speaker"]]["meta"]["is_ai"]:
            yield str(line["text"])


def huggingface(out: Path) -> Iterator[str]:
    """`role` is `user`, in `dialogues` and in `messages`."""
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    for file in out.glob("data/dialogues/*.parquet"):
        for row in parquet.read_table(file).to_pylist():
            yield from (one["content"] for one in row["messages"] if one["role"] == "user")
    for file in out.glob("data/messages/*.parquet"):
        yield from (row["text"] for row in parquet.read_table(file).to_pylist() if row["role"] == "user")


def prism(out: Path) -> Iterator[str]:
    """`opening_prompt`, `user_prompt`, and `role` is `user` in the history."""
    for line in _lines(out / "conversations.jsonl"):
        yield str(line["opening_prompt"])
        yield from (one["content"] for one in line["conversation_history"] if one["role"] == "user")  # type: ignore[attr-defined]
    yield from (str(line["user_prompt"]) for line in _lines(out / "utterances.jsonl"))


def csv_tables(out: Path) -> Iterator[str]:
    """`author` is `person`."""
    with (out / "messages.csv").open(encoding="utf-8-sig", newline="") as stream:
        yield from (row["text"] for row in csv.DictReader(stream) if row["author"] == "person")


def spss(_: Path) -> Iterator[str]:
    """It holds nothing that was said, and nothing of debates."""
    yield from ()


def database(out: Path) -> Iterator[str]:
    """`author` in `v_dialogue` is `person`; `text` of `v_turns`; `role` is `user` and `quotes` null in `messages`."""
    with closing(sqlite3.connect(out)) as connection:
        for query in (
            "SELECT text FROM v_dialogue WHERE author = 'person'",
            "SELECT text FROM v_turns WHERE text IS NOT NULL",
            "SELECT text FROM messages WHERE role = 'user' AND quotes IS NULL",
        ):
            yield from (text for (text,) in connection.execute(query))


def html(out: Path) -> Iterator[str]:
    """The heading begins with `Person`."""
    found = re.findall(r'<h2>(.*?)</h2>\s*<div class="words">(.*?)</div>', out.read_text("utf-8"), re.DOTALL)
    yield from (words for speaker, words in found if speaker.startswith("Person"))


def markdown(out: Path) -> Iterator[str]:
    """The heading begins with `Person`."""
    for part in out.read_text("utf-8").split("\n## ")[1:]:
        speaker, _, words = part.partition("\n")
        if speaker.startswith("Person"):
            yield words


SAID_BY_PEOPLE: Mapping[str, Callable[[Path], Iterator[str]]] = {
    "openai": openai,
    "sharegpt": sharegpt,
    "trl-preference": trl_preference,
    "oasst": oasst,
    "convokit": convokit,
    "huggingface": huggingface,
    "prism": prism,
    "csv": csv_tables,
    "spss": spss,
    "sqlite": database,
    "html": html,
    "markdown": markdown,
}


def test_every_format_has_a_reader() -> None:
    assert SAID_BY_PEOPLE.keys() == ALL.keys()


Event = tuple[str, str]
events = st.lists(st.sampled_from(["turn", "fail", "interject", "rate", "talk"]), min_size=2, max_size=9)


async def filled(corpus: Corpus, steps: list[str]) -> None:
    """Hold a debate: models only ever say words with `model`, and people words with `person`."""
    talk(corpus, ("person 0", "model 0"))
    engine = FakeEngine(
        *([EngineError("gone")] if step == "fail" else [f"model {n}", END] for n, step in _turns(steps))
    )
    debate = Debate.start(corpus, (engine, engine), PERSONAS, "person opens", len(steps))
    for number, step in enumerate(steps):
        if step in ("turn", "fail"):
            async for _ in debate.turn():
                pass
        elif step == "interject":
            await debate.interject(f"person {number}")
        elif step == "talk":
            talk(corpus, (f"person {number}", f"model {number}"), row=conversation_row())
        elif (spoken := debate.measured_after(0)[1]) is not None:
            corpus.add_rating(RatingRow(message_id=spoken, scale="liked", value=float(number)))


def _turns(steps: list[str]) -> Iterator[tuple[int, str]]:
    yield from ((number, step) for number, step in enumerate(steps) if step in ("turn", "fail"))


def exported(corpus: Corpus, form: Format, out: Path) -> Iterator[str]:
    """Yield what a format gives as a person's words, of the whole corpus or conversation by conversation."""
    one_by_one = [Selection(own=True, ids=(key,)) for key in corpus.conversation_ids()]
    for number, selection in enumerate(one_by_one if form.name in ("html", "markdown") else [EVERYTHING]):
        file = out / f"{form.name}-{number}"
        try:
            export_to(corpus, form, selection, file)
        except ExportError:  # nothing in it may leave in this format
            continue
        yield from SAID_BY_PEOPLE[form.name](file)


@settings(max_examples=share(25), deadline=None)
@given(steps=events)
async def test_no_text_of_a_model_stands_where_a_person_is_said_to_have_spoken(steps: list[str]) -> None:
    with TemporaryDirectory() as folder, Corpus.open(Path(folder) / "corpus.db") as corpus:
        await filled(corpus, steps)
        for form in ALL.values():
            said = list(exported(corpus, form, Path(folder)))
            assert [text for text in said if "model" in text] == [], form.name
            assert said or form.name in ("spss", "trl-preference"), form.name


@pytest.mark.parametrize("name", sorted(ALL))
async def test_a_format_that_cannot_tell_authors_leaves_debates_out_and_says_so(
    corpus: Corpus, tmp_path: Path, name: str
) -> None:
    await filled(corpus, ["turn", "turn"])
    form = ALL[name]
    found = withheld(corpus, form, EVERYTHING)

    assert (found.leaving, found.quoting) == ((3, 0) if form.tells_authors else (1, 2))
    assert form.tells_authors != ("debates" in form.leaves_out)
    only = Selection(own=True, ids=(corpus.conversation_ids()[-1],))
    if not form.tells_authors:
        with pytest.raises(ExportError, match=f"1 conversation of debates, where {name} would show a model's words"):
            export_to(corpus, form, only, tmp_path / "out")


@pytest.mark.parametrize("name", sorted(ALL.keys() - {"spss", "trl-preference", "huggingface"}))
async def test_the_side_that_begins_a_debate_of_one_round_quotes_nothing_and_leaves_as_any_conversation(
    corpus: Corpus, tmp_path: Path, name: str
) -> None:
    engine = FakeEngine(["model 1", END], ["model 2", END])
    debate = Debate.start(corpus, (engine, engine), PERSONAS, "person opens", 1)
    for _ in range(2):
        async for _ in debate.turn():
            pass
    first, second = (Selection(own=True, ids=(side.id,)) for side in debate.sides)

    assert withheld(corpus, ALL[name], first).quoting == 0
    export_to(corpus, ALL[name], first, tmp_path / "out")
    (said,) = set(SAID_BY_PEOPLE[name](tmp_path / "out"))
    assert "person opens" in said
    assert withheld(corpus, ALL[name], second).quoting == (not ALL[name].tells_authors)


def test_what_a_side_quotes_ended_as_the_reply_did(corpus: Corpus, tmp_path: Path) -> None:
    one, other = stopped_in_a_debate(corpus)
    for number, key in enumerate((one, other, corpus.fork(branch_of(corpus, other)[-1].id))):
        only = Selection(own=True, ids=(key,))
        for name in ("csv", "sqlite", "markdown"):
            export_to(corpus, ALL[name], only, tmp_path / f"{name}-{number}")
        assert "\n> Less\n\n*stopped*\n" in (tmp_path / f"markdown-{number}").read_text("utf-8")
        with (tmp_path / f"csv-{number}" / "messages.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = [(row["text"], row["status"]) for row in csv.DictReader(stream)]
        assert rows[:2] == [("Guns?", "complete"), ("Less", "stopped")]
        with closing(sqlite3.connect(tmp_path / f"sqlite-{number}")) as connection:
            found = connection.execute("SELECT text, status FROM v_dialogue ORDER BY place").fetchall()
            assert found == rows
    export_to(corpus, ALL["convokit"], Selection(own=True, ids=(other,)), tmp_path / "convokit")
    said = [(line["text"], line["meta"]["status"]) for line in _lines(tmp_path / "convokit" / "utterances.jsonl")]  # type: ignore[index]
    assert said == [("Guns?", "complete"), ("Less", "stopped"), ("More.", "complete")]


def test_what_is_quoted_stands_whole_while_the_reply_is_still_being_stored(corpus: Corpus) -> None:
    one, other = conversation_row(), conversation_row()
    corpus.begin_debate(new_key(), (one, other), Words("Guns?", "Moderator"), 1)
    reply = corpus.begin_reply(one.id, branch_of(corpus, one.id)[-1].id, INFO, Sampling())
    corpus.tell([(other.id, branch_of(corpus, other.id)[-1].id, Words("Less.", "A Democrat", reply.id))])
    for text in ("Less.", "Le"):
        corpus.flush_reply(reply.id, text)
        assert [(row.text, row.status) for row in branch_of(corpus, other.id)][1:] == [("Less.", "complete")]


async def test_a_release_of_one_side_is_under_the_terms_of_both_models(corpus: Corpus, tmp_path: Path) -> None:
    """The licence follows the author: what a side quotes was written by the other side's model."""
    one, other = FakeEngine(["Less.", END], name="one.gguf"), FakeEngine([Piece("More."), END], name="other.gguf")
    debate = Debate.start(corpus, (one, other), PERSONAS, "Guns?", 1)
    for _ in range(2):
        async for _ in debate.turn():
            pass
    export_to(corpus, ALL["csv"], Selection(own=True, ids=(debate.sides[1].id,)), tmp_path / "out")

    (release,) = corpus.releases.all()
    assert release.model_terms == "one.gguf: not known; other.gguf: not known"


async def test_in_a_participants_conversation_a_models_words_are_masked_and_its_key_is_a_pseudonym(
    corpus: Corpus, tmp_path: Path
) -> None:
    """Nobody debates in a study yet. If it comes to that, nothing leads from a quoted reply to the corpus."""
    quoted = branch_of(corpus, talk(corpus, ("Mail?", "Mail jo@example.org")))[-1]
    person = take_part(corpus, ("Why?", "So."))
    key = conversation_of(corpus, person)
    (told,) = corpus.tell([(key, branch_of(corpus, key)[-1].id, Words(quoted.text, "A Democrat", quoted.id))])
    reply = corpus.begin_reply(key, told.id, INFO, Sampling())
    corpus.end_reply(reply.id, "Yes.", "complete")
    export_to(corpus, ALL["csv"], Selection(), tmp_path / "out")

    with (tmp_path / "out" / "messages.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = (row for row in csv.DictReader(stream) if row["quotes"])
    assert (row["author"], row["role"], row["speaker"], row["text"]) == ("model", "user", "A Democrat", "Mail [EMAIL]")
    assert row["quotes"].startswith("M-")
    assert quoted.id not in (tmp_path / "out" / "messages.csv").read_text(encoding="utf-8-sig")
