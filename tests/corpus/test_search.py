"""Searching takes what a person types as words, never as a query language."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chat_personas.corpus import Corpus, Words, search
from chat_personas.corpus.search import Query, QueryError
from eval.engine import Sampling
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import INFO, branch_of, conversation_row, talk
from tests.examples import share


def found(corpus: Corpus, text: str) -> list[str]:
    return [hit.excerpt for hit in corpus.search(text)]


def test_all_words_must_occur_and_the_last_may_be_unfinished(corpus: Corpus) -> None:
    talk(corpus, ("What about gun control?", "I would regulate guns."), ("And immigration?", "Let people in."))
    assert found(corpus, "gun") == ["What about gun control?", "I would regulate guns."]
    assert found(corpus, "immig") == ["And immigration?"]
    assert found(corpus, "gun immigration") == []
    assert found(corpus, "ABOUT guN con") == ["What about gun control?"]
    assert found(corpus, '"gun control"') == ["What about gun control?"]
    assert found(corpus, '"control gun"') == []


def test_accents_do_not_matter(corpus: Corpus) -> None:
    talk(corpus, ("Où est le café?", "Ici."))
    assert found(corpus, "ou cafe") == ["Où est le café?"]


def test_operators_are_words(corpus: Corpus) -> None:
    talk(corpus, ("this OR that", "NEAR nothing"))
    assert found(corpus, "this OR nowhere") == []
    assert found(corpus, "this OR that") == ["this OR that"]
    assert found(corpus, "text:this") == []


def test_a_hit_says_where_it_was_found(corpus: Corpus) -> None:
    identifier = talk(corpus, ("word " * 40 + "guns and guns" + " word" * 40, "Hm."))
    (hit,) = corpus.search("guns")
    assert (hit.conversation_id, hit.role, hit.persona_name, hit.title) == (
        identifier,
        "user",
        "democrat",
        "A conversation",
    )
    assert hit.message_id == branch_of(corpus, identifier)[0].id
    assert [hit.excerpt[begin:end] for begin, end in hit.matches] == ["guns", "guns"]
    assert hit.excerpt.startswith("…")


def test_the_number_of_hits_is_limited(corpus: Corpus) -> None:
    talk(corpus, *[("same words", "the same words")] * 5)
    assert len(corpus.search("same", limit=3)) == 3


def test_of_a_common_word_the_best_of_the_newest_messages_are_found(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_RANKED", 3)
    talk(corpus, ("guns guns guns", "No."))
    for number in range(3):
        talk(corpus, (f"guns and {'other things ' * (4 - number)}", "No."))
    assert [text[:15] for text in found(corpus, "guns")] == ["guns and other "] * 3
    assert len(found(corpus, "guns")[0]) < len(found(corpus, "guns")[2]), "the shortest is the best match"
    assert found(corpus, "guns guns") != [], "fewer matches than that are all ranked"


def test_what_a_side_of_a_debate_quotes_takes_no_place_among_the_newest_messages(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_RANKED", 2)
    talk(corpus, ("guns at first", "No."))
    key = talk(corpus, ("Well?", "Hm."))
    theirs = branch_of(corpus, talk(corpus, ("Well?", "guns at last")))[-1]
    corpus.tell([(key, branch_of(corpus, key)[-1].id, Words("guns at last", "A Republican", theirs.id))])
    assert sorted(found(corpus, "guns")) == ["guns at first", "guns at last"]


def test_a_reply_is_found_once_it_has_ended(corpus: Corpus) -> None:
    row = conversation_row()
    _, reply = corpus.begin_turn(row.id, None, "Hi", INFO, Sampling(), new=row)
    corpus.flush_reply(reply.id, "Immigration is")
    assert found(corpus, "immigration") == []
    corpus.end_reply(reply.id, "Immigration is good", "stopped")
    assert found(corpus, "immigration") == ["Immigration is good"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=share(200), deadline=None)
@example('0"\n\x1b')
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=20))
def test_nothing_a_person_can_type_is_an_error(corpus: Corpus, text: str) -> None:
    corpus.search(text)


def test_punctuation_alone_finds_nothing(corpus: Corpus) -> None:
    talk(corpus, ("Well?!", "…"))
    assert [found(corpus, text) for text in ("", "?!", '""', "*", "  ")] == [[], [], [], [], []]
    assert found(corpus, "well !") == ["Well?!"]


def test_a_query_narrows_by_persona_model_and_day_and_the_rest_are_words() -> None:
    query = Query.typed("gun persona:Demo model:smol since:2026-11-01 control until:2026-11-30")
    assert query == Query("gun control", "Demo", "smol", date(2026, 11, 1), date(2026, 11, 30))
    assert Query.typed("12:30 in other:words").words == "12:30 in other:words"
    assert not Query.typed("gun control persona:").narrows
    with pytest.raises(QueryError, match="since: must be followed by a day"):
        Query.typed("since:yesterday")


def test_a_narrowed_search_finds_only_in_the_conversations_that_fit(corpus: Corpus) -> None:
    day = datetime(2026, 11, 2, tzinfo=UTC)
    mine = talk(corpus, ("Guns?", "Ban them."), row=conversation_row(persona="democrat"))
    theirs = talk(corpus, ("Guns?", "Keep them."), row=conversation_row(persona="republican", began=day))

    def those(typed: str) -> set[str]:
        query = Query.typed(typed)
        found = {hit.conversation_id for hit in corpus.search(query.words, within=query)}
        assert {row.id for row in corpus.conversations(query)} >= found
        return found

    assert those("guns") == {mine, theirs}
    assert those("guns persona:DEMO") == {mine}
    assert those("guns until:2026-11-02") == {theirs}
    assert those("guns since:2026-11-03") == {mine}
    assert those("guns model:small persona:rep since:2026-11-02") == {theirs}
    assert those("guns model:large") == set()
    assert [row.id for row in corpus.conversations(Query.typed("persona:rep"))] == [theirs]


def test_the_filter_of_models_knows_every_model_that_replied(corpus: Corpus) -> None:
    key = talk(corpus, ("Guns?", "Ban them."))
    other = replace(INFO, name="Large.gguf")
    _, second = corpus.begin_turn(key, branch_of(corpus, key)[-1].id, "And now?", other, Sampling())
    corpus.end_reply(second.id, "Still.", "complete")
    talk(corpus, ("Guns?", "Keep them."))
    for typed in ("model:large", "model:LARGE.g", "model:large model:large", "model:large persona:demo"):
        assert [row.id for row in corpus.conversations(Query.typed(typed))] == [key], typed
    assert [hit.conversation_id for hit in corpus.search("guns", within=Query.typed("model:large"))] == [key]
    assert len(corpus.conversations(Query.typed("model:small"))) == 2, "both began on it"


def test_a_hit_says_whether_a_participant_said_it_also_as_a_copy_in_a_fork(corpus: Corpus) -> None:
    talk_of_study = conversation_of(corpus, take_part(corpus, ("guns, said in the study", "guns.")))
    fork = corpus.fork(branch_of(corpus, talk_of_study)[-1].id)
    _, last = corpus.begin_turn(fork, branch_of(corpus, fork)[-1].id, "guns, said in the fork", INFO, Sampling())
    corpus.end_reply(last.id, "Hm.", "complete")
    again = corpus.fork(last.id)
    talk(corpus, ("guns, said by the owner", "guns."))
    said = {(hit.conversation_id, hit.excerpt): hit.of_participant for hit in corpus.search("guns")}
    of_participants = {place for place, is_one in said.items() if is_one}
    assert of_participants == {(key, "guns, said in the study") for key in (talk_of_study, fork, again)}
    assert len(said) == 10
    branch = branch_of(corpus, again)
    assert corpus.participants_words(branch[-1].id) == {branch[0].id}
    corpus.delete(talk_of_study)
    assert corpus.participants_words(branch[-1].id) == {branch[0].id, branch[2].id}, "nothing tells them apart"


def test_what_was_said_last_is_the_owners_each_text_once_and_no_copy(corpus: Corpus) -> None:
    talk(corpus, ("First", "Yes."), ("Second", "Yes."))
    take_part(corpus, ("A participant's words", "Yes."))
    talk(corpus, ("First", "No."))
    last = branch_of(corpus, talk(corpus, ("Third", "No.")))[-1]
    corpus.fork(last.id)
    assert corpus.said(10) == ("Third", "First", "Second")
    assert corpus.said(1) == ("Third",)
