"""The files of PRISM: its own columns, one by one, with what we have in them and null where we have nothing.

The columns are those of the released data, as the notebook that makes PRISM's code book prints them.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, RatingRow, Selection
from chat_personas.corpus.export import FORMATS, Written, export_to
from eval.engine import Sampling
from tests.corpus.export.participants import answer, conversation_of, take_part
from tests.corpus.export.talks import SECRET_THOUGHT, Talk, forked
from tests.corpus.making import INFO, branch_of, talk
from tests.corpus.test_forks import goes_on
from tests.examples import slow_but_first

ATTRIBUTES = ["values", "fluency", "factuality", "safety", "diversity", "creativity", "helpfulness"]
USES = [
    "homework_assistance", "research", "source_suggestions", "professional_work", "creative_writing",
    "casual_conversation", "personal_recommendations", "daily_productivity", "technical_or_programming_help",
    "travel_guidance", "lifestyle_and_hobbies", "well-being_guidance", "medical_guidance", "financial_guidance",
    "games", "historical_or_news_insight", "relationship_advice", "language_learning", "other",
]  # fmt: skip


class Files:
    """What an export wrote."""

    def __init__(self, folder: Path) -> None:
        assert sorted(file.name for file in folder.iterdir()) == [
            "conversations.jsonl", "metadata.jsonl", "models.jsonl", "survey.jsonl", "utterances.jsonl",
        ]  # fmt: skip
        self.survey, self.conversations, self.utterances, self.metadata, self.models = (
            [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
            for name in ("survey", "conversations", "utterances", "metadata", "models")
        )


@pytest.fixture
def kept(corpus: Corpus) -> Talk:
    """A participant with a forked conversation, one who only answered, and a conversation of the owner."""
    way = take_part(corpus)
    found = forked(corpus)
    with corpus._connections.writing() as connection:
        sql = "INSERT INTO study_conversations (conversation_id, participation_id) VALUES (?, ?)"
        connection.execute(sql, (found.conversation, way.id))
    for message, value in ((found.better, 88.0), (found.worse, 12.0), (found.better, 91.4)):
        corpus.add_rating(RatingRow(message_id=message, scale="quality 1-100", value=value))
    answer(corpus, way, "lm_familiarity", said="Somewhat familiar", code="2")
    answer(corpus, way, "self_description", said="I am ann@example.org")
    answer(corpus, way, "open_feedback", said="Fine.", stage="closing")
    for attribute, said in (("AGE", "30-49"), ("SEX", "Female"), ("RELIG", "Catholic"), ("RACE", "Black")):
        answer(corpus, way, attribute.lower(), attribute=attribute, said=said, code=said)
    answer(corpus, way, "degree", attribute="EDUCATION", declined=True)
    alone = take_part(corpus, scope="research", status="left")
    answer(corpus, alone, "lm_direct_use", said="No", code="no")
    talk(corpus, ("Mine", "Yes."))
    return found


@pytest.fixture
def files(corpus: Corpus, kept: Talk, tmp_path: Path) -> Files:
    assert export_to(corpus, FORMATS["prism"], Selection(own=True), tmp_path / "prism").units == 2
    return Files(tmp_path / "prism")


def of_status(files: Files, *, survey_only: bool) -> dict[str, Any]:
    (row,) = (row for row in files.survey if row["survey_only"] is survey_only)
    found: dict[str, Any] = row
    return found


def test_the_survey_has_prisms_columns_in_prisms_order(files: Files) -> None:
    assert len(files.survey) == 2, "the owner is not a participant"
    for row in files.survey:
        assert list(row) == [
            "user_id", "survey_only", "num_completed_conversations", "consent",
            "consent_age", "lm_familiarity", "lm_indirect_use", "lm_direct_use",
            "lm_frequency_use", "self_description", "system_string", "age",
            "gender", "employment_status", "education", "marital_status",
            "english_proficiency", "study_id", "study_locale", "religion",
            "ethnicity", "location", "lm_usecases", "stated_prefs",
            "order_lm_usecases", "order_stated_prefs", "generated_datetime",
            "timing_duration_s", "timing_duration_mins", "included_in_US_REP",
            "included_in_UK_REP", "included_in_balanced_subset",
        ]  # fmt: skip
        assert list(row["religion"]) == ["self_described", "categorised", "simplified"] == list(row["ethnicity"])
        assert list(row["lm_usecases"]) == [*USES, "other_text"]
        assert list(row["order_lm_usecases"]) == USES
        assert set(row["stated_prefs"]) == {*ATTRIBUTES, "personalisation", "other", "other_text"}
        assert set(row["order_stated_prefs"]) == {*ATTRIBUTES, "personalisation", "other"}


@slow_but_first(
    ("column", "talked", "answered_only"),
    [
        ("survey_only", False, True),
        ("num_completed_conversations", 1, 0),
        ("consent", "Yes, for publication", "Yes, for research"),
        ("consent_age", "I certify that I am 18 years of age or over", "I certify that I am 18 years of age or over"),
        ("lm_familiarity", "Somewhat familiar", None),
        ("lm_indirect_use", None, None),
        ("lm_direct_use", None, "No"),
        ("lm_frequency_use", None, None),
        ("self_description", "I am [EMAIL]", None),
        ("system_string", None, None),
        ("age", "30-49", None),
        ("gender", "Female", None),
        ("employment_status", None, None),
        ("education", "Prefer not to say", None),
        ("marital_status", None, None),
        ("english_proficiency", None, None),
        ("study_id", "town", "town"),
        ("study_locale", None, None),
        ("religion", {"self_described": None, "categorised": "Catholic", "simplified": None}, None),
        ("ethnicity", {"self_described": None, "categorised": "Black", "simplified": None}, None),
        ("generated_datetime", "2026-11-20 00:00:00", "2026-11-20 00:00:00"),
        ("timing_duration_s", 0.0, 0.0),
        ("timing_duration_mins", 0.0, 0.0),
        ("included_in_US_REP", None, None),
        ("included_in_UK_REP", None, None),
        ("included_in_balanced_subset", None, None),
    ],
    quick=6,
)
def test_a_column_of_the_survey_has_what_we_have(files: Files, column: str, talked: Any, answered_only: Any) -> None:
    assert of_status(files, survey_only=False)[column] == talked
    other = of_status(files, survey_only=True)[column]
    assert (None if isinstance(other, dict) and not any(other.values()) else other) == answered_only


def test_what_nobody_was_asked_is_null(files: Files) -> None:
    for row in files.survey:
        for column in ("location", "lm_usecases", "stated_prefs", "order_lm_usecases", "order_stated_prefs"):
            assert set(row[column].values()) == {None}, column


def test_conversations_have_prisms_columns(files: Files, kept: Talk) -> None:
    talked = of_status(files, survey_only=False)["user_id"]
    mine, theirs = files.conversations
    for row in files.conversations:
        assert set(row) == {
            "conversation_id", "user_id", "conversation_type", "opening_prompt",
            "conversation_turns", "conversation_history", "performance_attributes",
            "choice_attributes", "open_feedback", "generated_datetime",
            "timing_duration_s", "timing_duration_mins", "included_in_balanced_subset", "copied_turns",
        }  # fmt: skip
        assert row["copied_turns"] == 0
        assert list(row["performance_attributes"]) == list(row["choice_attributes"]) == ATTRIBUTES
        assert set(row["performance_attributes"].values()) == {None}
    assert (mine["user_id"], mine["opening_prompt"], mine["open_feedback"]) == ("person", "Mine", None)
    assert theirs["user_id"] == talked
    assert theirs["conversation_id"].startswith("C-")
    assert (theirs["opening_prompt"], theirs["conversation_turns"]) == ("=Why?", 2)
    assert (theirs["conversation_type"], theirs["open_feedback"]) == (None, "Fine.")
    assert isinstance(theirs["timing_duration_s"], float)
    assert theirs["timing_duration_mins"] == theirs["timing_duration_s"] / 60
    assert theirs["generated_datetime"].startswith("2026-")


def test_the_history_has_every_reply_with_its_score_and_the_chosen_one(files: Files) -> None:
    history = files.conversations[1]["conversation_history"]
    assert history[0] == {"turn": 0, "role": "user", "content": "=Why?"}
    assert [one["role"] for one in history] == ["user", "model", "model", "user", "model"]
    reply = {"turn": 0, "role": "model", "model_provider": "llama", "model_name": "democrat on small.gguf"}
    assert history[1] == reply | {"content": "Because.", "score": 12, "if_chosen": False, "within_turn_id": 0}
    better = {"content": "Où est <b>Élise</b>?\nHere.", "score": 91, "if_chosen": True, "within_turn_id": 1}
    assert history[2] == reply | better
    assert (history[4]["turn"], history[4]["score"], history[4]["if_chosen"]) == (1, None, True)
    assert SECRET_THOUGHT not in json.dumps(vars(files))


def test_utterances_have_prisms_columns_and_agree_with_the_conversations(files: Files) -> None:
    for row in files.utterances:
        assert list(row) == [
            "utterance_id", "interaction_id", "conversation_id", "user_id", "turn",
            "within_turn_id", "conversation_type", "user_prompt", "model_response",
            "model_name", "model_provider", "score", "if_chosen", "included_in_balanced_subset",
        ]  # fmt: skip
    theirs = [row for row in files.utterances if row["user_id"] != "person"]
    assert [(row["turn"], row["user_prompt"], row["score"], row["if_chosen"]) for row in theirs] == [
        (0, "=Why?", 12, False),
        (0, "=Why?", 91, True),
        (1, "Go on", None, True),
    ]
    assert len({row["interaction_id"] for row in theirs}) == 2
    assert len({row["utterance_id"] for row in files.utterances}) == len(files.utterances) == 4


def test_metadata_has_a_row_for_each_text_and_says_where_something_was_masked(files: Files) -> None:
    for row in files.metadata:
        assert list(row) == [
            "column_id", "user_id", "conversation_id", "interaction_id",
            "utterance_id", "pii_flag", "pii_manual_flag", "language_flag",
            "en_flag", "moderation_flag",
        ]  # fmt: skip
        assert [row[name] for name in ("pii_manual_flag", "language_flag", "en_flag", "moderation_flag")] == [None] * 4
    theirs = [(row["column_id"], row["pii_flag"]) for row in files.metadata if row["user_id"] != "person"]
    assert sorted(theirs) == [
        ("model_response", False),
        ("model_response", False),
        ("model_response", False),
        ("open_feedback", False),
        ("self_description", True),
        ("user_prompt", False),
        ("user_prompt", False),
    ]
    assert {row["pii_flag"] for row in files.metadata if row["user_id"] == "person"} == {None}, "not looked for"
    prompts = {row["interaction_id"] for row in files.metadata if row["column_id"] == "user_prompt"}
    assert prompts == {row["interaction_id"] for row in files.utterances}
    responses = {row["utterance_id"] for row in files.metadata if row["column_id"] == "model_response"}
    assert responses == {row["utterance_id"] for row in files.utterances}


def test_a_model_is_a_persona_on_a_model_with_its_prompt_and_settings(corpus: Corpus, files: Files) -> None:
    names = {row["model_name"] for row in files.utterances}
    assert {row["long_name"] for row in files.models} == names == {"democrat on small.gguf"}
    (model,) = files.models
    assert list(model) == [
        "long_name", "short_name", "longcode", "model_family", "model_provider", "model_provider_type", "model_type",
        "default_params", "selected_params", "header", "link", "in_yaml", "params_tested", "endpoint_live", "status",
        "prompt_format",
    ]  # fmt: skip
    assert (model["short_name"], model["selected_params"]["temperature"]) == ("small.gguf", "0.7")
    assert model["header"] is None, "one of the conversations had a prompt and the other had none"


def test_only_ratings_on_prisms_scale_are_scores(corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus, ("Why?", "So."))
    reply = branch_of(corpus, conversation_of(corpus, way))[-1]
    corpus.add_rating(RatingRow(message_id=reply.id, scale="realism 1-7", value=5))
    export_to(corpus, FORMATS["prism"], Selection(), tmp_path / "prism")
    assert [row["score"] for row in Files(tmp_path / "prism").utterances] == [None]
    corpus.add_rating(RatingRow(message_id=reply.id, scale="warmth 0-100", value=50))
    export_to(corpus, FORMATS["prism"], Selection(), tmp_path / "prism", force=True)
    assert [row["score"] for row in Files(tmp_path / "prism").utterances] == [50]


PEOPLE = "SELECT text FROM messages WHERE role = 'user' AND copy_of IS NULL ORDER BY text"


def forks(corpus: Corpus) -> tuple[str, str, str]:
    """A conversation of two turns, a fork of its first turn that went on, one that did not, and a fork of the fork."""
    original = talk(corpus, ("About guns?", "Ban them."), ("Why?", "For peace."))
    said = branch_of(corpus, original)
    other = corpus.fork(said[1].id)
    goes_on(corpus, other, "Really?", "Yes.")
    corpus.fork(said[3].id)
    again = corpus.fork(branch_of(corpus, other)[2].id)
    goes_on_from = branch_of(corpus, again)[-1]
    reply = corpus.begin_reply(again, goes_on_from.id, INFO, Sampling())
    corpus.end_reply(reply.id, "No.", "complete", finish_reason="stop")
    return original, other, again


def test_what_people_said_is_in_the_utterances_once_however_often_it_was_forked(corpus: Corpus, tmp_path: Path) -> None:
    original, other, again = forks(corpus)
    written = export_to(corpus, FORMATS["prism"], Selection(own=True), tmp_path / "out")
    assert written == Written(3, "1 fork without a new complete reply")
    files = Files(tmp_path / "out")
    people = [text for (text,) in corpus.database().execute(PEOPLE)]
    prompts = {row["interaction_id"]: row["user_prompt"] for row in files.utterances}
    assert sorted(prompts.values()) == people == ["About guns?", "Really?", "Why?"]
    found = [
        (row["conversation_id"], row["turn"], row["user_prompt"], row["model_response"]) for row in files.utterances
    ]
    assert found == [
        (original, 0, "About guns?", "Ban them."), (original, 1, "Why?", "For peace."),
        (other, 1, "Really?", "Yes."), (again, 1, "Really?", "No."),
    ]  # fmt: skip
    assert len({row["utterance_id"] for row in files.utterances}) == 4
    by_column = [row["column_id"] for row in files.metadata]
    assert (by_column.count("user_prompt"), by_column.count("model_response")) == (3, 4)


def test_a_fork_has_the_whole_history_and_says_how_much_of_it_is_copied(corpus: Corpus, tmp_path: Path) -> None:
    forks(corpus)
    export_to(corpus, FORMATS["prism"], Selection(own=True), tmp_path / "out")
    rows = Files(tmp_path / "out").conversations
    histories = [[one["content"] for one in row["conversation_history"]] for row in rows]
    assert histories == [
        ["About guns?", "Ban them.", "Why?", "For peace."], ["About guns?", "Ban them.", "Really?", "Yes."],
        ["About guns?", "Ban them.", "Really?", "No."],
    ]  # fmt: skip
    assert [row["opening_prompt"] for row in rows] == ["About guns?"] * 3
    assert [(row["conversation_turns"], row["copied_turns"]) for row in rows] == [(2, 0), (2, 1), (2, 2)]
    new = [
        one["content"]
        for row in rows
        for one in row["conversation_history"]
        if one["role"] == "user" and one["turn"] >= row["copied_turns"]
    ]
    assert sorted(new) == [text for (text,) in corpus.database().execute(PEOPLE)]


def test_a_fork_whose_original_is_not_in_the_export_is_there_whole(corpus: Corpus, tmp_path: Path) -> None:
    _, other, again = forks(corpus)
    export_to(corpus, FORMATS["prism"], Selection(own=True, ids=(other, again)), tmp_path / "out")
    files = Files(tmp_path / "out")
    assert [row["user_prompt"] for row in files.utterances] == ["About guns?", "Really?", "Really?"]
    assert [row["copied_turns"] for row in files.conversations] == [0, 2]
