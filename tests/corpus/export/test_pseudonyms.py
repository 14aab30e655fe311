"""Two releases of what participants did cannot be joined by keys or times; what is the owner's stays as it is."""

import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, RatingRow, Selection
from chat_personas.corpus.conversations import beginning_of
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.export.masking import unmasked
from chat_personas.corpus.export.pseudonyms import Pseudonyms, new_secret
from chat_personas.corpus.export.source import Source, Terms, reading
from tests.corpus.export.participants import BEGAN, answer, conversation_of, guess, take_part
from tests.corpus.export.talks import forked
from tests.corpus.making import branch_of, talk

ALL = Selection(own=True)
KEY = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
MINE = "my address is owner@example.org"
THEIRS = "my address is guest@example.org, ask @guest_name"


def study_of_two(corpus: Corpus) -> list[str]:
    """Keep a forked conversation of the owner and those of two participants, one of them forked; return these keys."""
    talk(corpus, (MINE, "owner@example.org?"))
    way = take_part(corpus)
    corpus.studies.attach(way.id, corpus.conversation(forked(corpus).conversation))
    other = take_part(corpus, (THEIRS, "guest@example.org? Fine."), ("Go on", "No"))
    reply = branch_of(corpus, conversation_of(corpus, other))[-1]
    rated = {"scale": "realism", "value": 3.0, "comment": "write to guest@example.org"}
    corpus.add_rating(RatingRow(message_id=reply.id, rater=other.participant_id, **rated))
    for one in (way, other):
        answer(corpus, one, "why", said="for guest@example.org", attribute="AGE")
        guess(corpus, one, "before", 0.25, 0.75)
    return [conversation_of(corpus, one) for one in (way, other)]


def real_keys(corpus: Corpus) -> set[str]:
    """Every key in the corpus of what belongs to participants."""
    of_studies = "SELECT conversation_id FROM study_conversations"
    queries = (
        "SELECT id FROM participants",
        "SELECT id FROM participations",
        "SELECT id FROM consents",
        of_studies,
        f"SELECT id FROM messages WHERE conversation_id IN ({of_studies})",
        f"SELECT id FROM measurements WHERE conversation_id IN ({of_studies})",
        f"SELECT ratings.id FROM ratings JOIN messages ON messages.id = message_id"
        f" WHERE conversation_id IN ({of_studies})",
    )
    with corpus._connections.reading() as connection:
        return {key for query in queries for (key,) in connection.execute(query)}


def everything(source: Source) -> list[dict[str, Any]]:
    """Every row that a source hands out, as JSON has it."""
    rows: list[Any] = []
    for conversation in source.conversations():
        rows.append(conversation)
        rows.extend(source.messages(conversation.id))
        rows.extend(source.dialogue(conversation))
        rows.extend(source.generations(conversation.id).values())
        for measured in source.measurements(conversation.id):
            rows.append(measured)
            rows.extend(source.probes(measured.id))
        rows.extend(source.ratings(conversation.id))
    return [row.model_dump(mode="json") for row in rows]


def test_a_pseudonym_is_the_same_within_a_release_and_another_in_the_next() -> None:
    secret = "0f" * 32
    names = Pseudonyms(secret)
    assert names.of("participant", "01ABC") == Pseudonyms(secret).of("participant", "01ABC")
    assert re.fullmatch(r"P-[A-Z2-7]{16}", names.of("participant", "01ABC"))
    assert names.of("participant", "01ABC")[2:] != names.of("message", "01ABC")[2:]
    assert names.of("participant", "01ABC") != Pseudonyms(new_secret()).of("participant", "01ABC")


def test_a_pseudonym_is_a_keyed_hash_as_rfc_2104_has_it() -> None:
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in (b"\x0f" * 32).ljust(64, b"\0")) + b"participant 01ABC").digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in (b"\x0f" * 32).ljust(64, b"\0")) + inner).digest()
    bits = "".join(f"{byte:08b}" for byte in outer[:10])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    expected = "".join(letters[int(bits[at : at + 5], 2)] for at in range(0, 80, 5))
    assert Pseudonyms("0f" * 32).of("participant", "01ABC") == f"P-{expected}"


def test_no_key_of_a_participant_or_of_what_they_did_leaves(corpus: Corpus) -> None:
    study_of_two(corpus)
    theirs = real_keys(corpus)
    assert len(theirs) > 15
    with reading(corpus.path, ALL) as source:
        handed_out = json.dumps(everything(source))
    assert set(KEY.findall(handed_out)) & theirs == set()
    assert set(KEY.findall(handed_out)), "the owner's are in it"


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"huggingface", "spss"}))
def test_no_file_of_any_format_holds_such_a_key_or_an_address(corpus: Corpus, tmp_path: Path, name: str) -> None:
    study_of_two(corpus)
    export_to(corpus, FORMATS[name], Selection(), tmp_path / "out")
    files = [tmp_path / "out"] if (tmp_path / "out").is_file() else list((tmp_path / "out").rglob("*.*"))
    content = "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    assert content
    assert [key for key in real_keys(corpus) if key in content] == []
    assert "guest@example.org" not in content
    assert "@guest_name" not in content
    assert "14:37:12" not in content, "when they began"


def test_two_releases_share_neither_keys_nor_order(corpus: Corpus) -> None:
    for number in range(12):
        take_part(corpus, (f"{number}", "Yes."))
    orders, keys = [], []
    for _ in range(2):
        with reading(corpus.path, Selection()) as source:
            found = [(row.id, source.dialogue(row)[0].text) for row in source.conversations()]
        orders.append([text for _, text in found])
        keys.append({key for key, _ in found})
        assert found == sorted(found), "by their pseudonyms"
    assert sorted(orders[0]) == sorted(orders[1])
    assert keys[0] & keys[1] == set()
    assert orders[0] != orders[1], "one in 479,001,600"


def test_rows_refer_to_each_other_as_in_the_corpus(corpus: Corpus) -> None:
    forked_one, _ = study_of_two(corpus)
    real = {row.id: row for row in branch_of(corpus, forked_one)}
    with reading(corpus.path, Selection(ids=(forked_one,)), Terms(mask=unmasked)) as source:
        for conversation in source.conversations():
            said = source.messages(conversation.id)
            keys = {row.id for row in said}
            assert {row.parent_id for row in said} - {None} < keys
            assert {row.conversation_id for row in said} == {conversation.id}
            assert conversation.active_leaf_id in keys
            assert set(source.generations(conversation.id)) == {row.id for row in said if row.role == "assistant"}
            measured = source.measurements(conversation.id)
            assert [len(source.probes(row.id)) > 0 for row in measured] == [True, True, True]
            assert {row.message_id for row in measured} - {None} < keys
            assert {row.message_id for row in source.ratings(conversation.id)} < keys
            leaf = conversation.active_leaf_id
            assert leaf is not None
            assert [row.text for row in source.branch(leaf)] == [row.text for row in real.values()]


def test_a_conversation_begins_at_midnight_of_its_day_and_differences_stay(corpus: Corpus) -> None:
    _, key = study_of_two(corpus)
    before = branch_of(corpus, key)
    with reading(corpus.path, Selection(ids=(key,))) as source:
        (conversation,) = source.conversations()
        after = source.messages(conversation.id)
        made = source.generations(conversation.id)
    assert conversation.created_at == BEGAN.replace(hour=0, minute=0, second=0, microsecond=0)
    moved = {old.created_at - new.created_at for old, new in zip(before, after, strict=True)}
    assert moved == {timedelta(hours=14, minutes=37, seconds=12, milliseconds=345)}
    assert [made[row.id].started_at >= row.created_at for row in after if row.id in made] == [True, True]


def test_what_the_owner_said_keeps_its_keys_times_and_words(corpus: Corpus) -> None:
    study_of_two(corpus)
    mine = next(row for row in corpus.conversations() if row.title == "A conversation" and row.messages == 2)
    with reading(corpus.path, ALL) as source:
        first = next(source.conversations())
        assert first == corpus.conversation(mine.id)
        assert source.participant() is None
        assert tuple(source.messages(first.id)) == branch_of(corpus, first.id)
        assert MINE in [row.text for row in source.messages(first.id)]


def test_masking_covers_words_replies_titles_and_comments_unless_it_is_off(corpus: Corpus) -> None:
    _, key = study_of_two(corpus)
    corpus.rename(key, "guest@example.org")
    with reading(corpus.path, Selection(ids=(key,))) as source:
        (conversation,) = source.conversations()
        assert conversation.title == "[EMAIL]"
        said = [row.text for row in source.dialogue(conversation)]
        assert said[:2] == ["my address is [EMAIL], ask [HANDLE]", "[EMAIL]? Fine."]
        (rating,) = source.ratings(conversation.id)
        assert rating.comment == "write to [EMAIL]"
        assert rating.rater == source.participant()
    with reading(corpus.path, Selection(ids=(key,)), Terms(mask=unmasked)) as source:
        (conversation,) = source.conversations()
        assert source.dialogue(conversation)[0].text == THEIRS


LONG = "What do you think about guns? My mail is zork.quux@example.org, write there"


@pytest.mark.parametrize("title", [beginning_of(LONG), "Guns, of zork.quux@example…"], ids=["as it began", "renamed"])
def test_an_address_that_a_title_cuts_in_two_does_not_leave(corpus: Corpus, title: str) -> None:
    key = conversation_of(corpus, take_part(corpus, (LONG, "Fewer of them.")))
    corpus.rename(key, title)
    assert "zork.quux@example" in title
    with reading(corpus.path, Selection(ids=(key,))) as source:
        (conversation,) = source.conversations()
    assert "zork" not in conversation.title
    assert conversation.title.startswith(("What do you think about guns? My mail is [EMAIL]", "Guns, of"))


def test_ratings_of_those_who_did_not_agree_stay_here(corpus: Corpus) -> None:
    reply = branch_of(corpus, talk(corpus, ("Q", "A")))[-1]
    silent = take_part(corpus, scope="use")
    agreed = take_part(corpus, scope="research")
    for value, rater in ((1.0, None), (2.0, silent.participant_id), (3.0, agreed.participant_id)):
        corpus.add_rating(RatingRow(message_id=reply.id, scale="realism", value=value, rater=rater))
    with reading(corpus.path, ALL) as source:
        (conversation,) = source.conversations()
        ratings = source.ratings(conversation.id)
    assert [rating.value for rating in ratings] == [1.0, 3.0]
    assert ratings[0].rater is None
    assert re.fullmatch(r"P-[A-Z2-7]{16}", ratings[1].rater or "")
    assert source.held.participants == {agreed.participant_id}
