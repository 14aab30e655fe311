"""A corpus that an older version wrote is brought up to date, and nothing in it is lost."""

import sqlite3
from pathlib import Path

from chat_personas.corpus import Corpus
from chat_personas.corpus.migrations import APPLICATION_ID, migrations

DEBATE = """
INSERT INTO conversations (id, title, created_at, active_at, persona_name, persona, persona_sha256, system_prompt,
    model, program_version) VALUES
    ('A', 'Debate', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z', 'democrat', '{}', 'cd', '', 'pocket', '0'),
    ('B', 'Debate', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z', 'woman', '{}', 'cd', '', 'pocket', '0');
INSERT INTO debates VALUES
    ('D', 'A', 0, 2, '2026-11-21T12:00:00.000Z'), ('D', 'B', 1, 2, '2026-11-21T12:00:00.000Z');
INSERT INTO messages
    (id, conversation_id, parent_id, role, text, status, created_at, updated_at, speaker, quotes) VALUES
    ('A1', 'A', NULL, 'user', 'Guns?', 'complete', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z', 'M', NULL),
    ('B1', 'B', NULL, 'user', 'Guns?', 'complete', '2026-11-21T12:00:00.001Z', '2026-11-21T12:00:00.001Z', 'M', NULL),
    ('B2', 'B', 'B1', 'user', 'Go on', 'complete', '2026-11-21T12:00:05.000Z', '2026-11-21T12:00:05.000Z', 'D', 'X'),
    ('A3', 'A', 'A1', 'user', 'Go on', 'complete', '2026-11-21T12:00:06.000Z', '2026-11-21T12:00:06.000Z', 'M', NULL),
    ('A4', 'A', 'A3', 'user', 'Go on', 'complete', '2026-11-21T12:00:09.000Z', '2026-11-21T12:00:09.000Z', 'M', NULL),
    ('B3', 'B', 'B2', 'user', 'Go on', 'complete', '2026-11-21T12:00:06.001Z', '2026-11-21T12:00:06.001Z', 'M', NULL),
    ('B4', 'B', 'B3', 'user', 'Go on', 'complete', '2026-11-21T12:00:09.002Z', '2026-11-21T12:00:09.002Z', 'M', NULL),
    ('B5', 'B', 'B4', 'user', 'Go on', 'complete', '2026-11-21T12:01:00.000Z', '2026-11-21T12:01:00.000Z', NULL, NULL);
UPDATE conversations SET active_leaf_id = CASE id WHEN 'A' THEN 'A4' ELSE 'B5' END;
"""
"""A debate as schema 11 kept it: the moderator's words on both sides, and at last words to one side alone."""

FORKS = """
INSERT INTO conversations (id, title, created_at, active_at, persona_name, persona, persona_sha256, system_prompt,
    model, program_version, forked_from) VALUES
    ('G', 'Fork', '2026-11-21T13:00:00.000Z', '2026-11-21T13:00:00.000Z', 'woman', '{}', 'cd', '', 'pocket', '0', 'F'),
    ('F', 'Fork', '2026-11-21T12:30:00.000Z', '2026-11-21T12:30:00.000Z', 'woman', '{}', 'cd', '', 'pocket', '0', 'B'),
    ('H', 'Fork', '2026-11-21T13:30:00.000Z', '2026-11-21T13:30:00.000Z', 'woman', '{}', 'cd', '', 'pocket', '0', 'X');
INSERT INTO messages
    (id, conversation_id, parent_id, role, text, status, created_at, updated_at, speaker, copy_of) VALUES
    ('G1', 'G', NULL, 'user', 'Guns?', 'complete', '2026-11-21T12:00:00.001Z', '2026-11-21T12:00:00.001Z', 'M', 'F1'),
    ('F1', 'F', NULL, 'user', 'Guns?', 'complete', '2026-11-21T12:00:00.001Z', '2026-11-21T12:00:00.001Z', 'M', 'B1'),
    ('H1', 'H', NULL, 'user', 'Guns?', 'complete', '2026-11-21T12:00:00.001Z', '2026-11-21T12:00:00.001Z', 'M', 'X1');
UPDATE conversations SET active_leaf_id = id || '1' WHERE forked_from IS NOT NULL;
"""
"""A fork of the second side, a fork of that fork, and a fork of one that is deleted."""

FIRST_ROWS = """
INSERT INTO conversations VALUES ('C', 'Guns', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z', 'democrat',
    '{"name": "democrat"}', 'cd', '', 'pocket', NULL, '0', NULL);
INSERT INTO messages (id, conversation_id, parent_id, role, text, status, created_at, updated_at) VALUES
    ('M1', 'C', NULL, 'user', 'Guns?', 'complete', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z'),
    ('M2', 'C', 'M1', 'assistant', 'Fewer.', 'complete', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z');
UPDATE conversations SET active_leaf_id = 'M2';
INSERT INTO measurements (id, message_id, created_at, survey, survey_sha256, expression, refusals, groups, complete,
    alignment, engine, model, seed, program_version) VALUES
    ('X', 'M2', '2026-11-21T12:00:01.000Z', 'civic', 'ef', 'log_probability', 'apart', '[]', 1, 0.75, 'llama',
    'pocket', 3, '0');
INSERT INTO generations (message_id, started_at, engine, model, temperature, top_p, max_tokens, program_version) VALUES
    ('M2', '2026-11-21T12:00:00.000Z', 'llama', 'pocket', 0.7, 0.95, 400, '0');
INSERT INTO probes VALUES ('X', 'GUNS', 'survey', '[0.25, 0.5]', NULL, 0.125, 0.875, NULL);
"""


def test_measurements_of_the_first_schema_keep_their_message_and_probes(corpus_file: Path) -> None:
    corpus_file.parent.mkdir()
    older = sqlite3.connect(corpus_file)
    older.executescript(migrations()[0].read_text(encoding="utf-8") + FIRST_ROWS)
    older.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    older.close()
    with Corpus.open(corpus_file) as corpus:
        (row,) = corpus.measurements("C")
        assert (row.id, row.conversation_id, row.message_id) == ("X", "C", "M2")
        assert (row.alignment, row.seed, row.model, row.program_version) == (0.75, 3, "pocket", "0")
        assert row.interventions == (), "older versions changed nothing inside the model while people talked"
        (probe,) = corpus.probes("X")
        assert (probe.options, probe.refusal, probe.label_mass) == ((0.25, 0.5), 0.125, 0.875)
        assert corpus.problems() == ()
        corpus.delete("C")
        assert corpus.probes("X") == ()


def test_replies_of_older_versions_were_made_without_interventions(corpus_file: Path) -> None:
    corpus_file.parent.mkdir()
    older = sqlite3.connect(corpus_file)
    older.executescript(migrations()[0].read_text(encoding="utf-8") + FIRST_ROWS)
    for migration in migrations()[1:4]:
        older.executescript(migration.read_text(encoding="utf-8"))
    older.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 4")
    older.close()
    with Corpus.open(corpus_file) as corpus:
        made = corpus.generation("M2")
        assert made is not None
        assert (made.interventions, made.projection, made.projected_on) == ((), None, None)


def test_what_a_moderator_said_in_an_older_debate_becomes_one_statement_on_two_sides(corpus_file: Path) -> None:
    corpus_file.parent.mkdir()
    older = sqlite3.connect(corpus_file)
    for migration in migrations()[:11]:
        older.executescript(migration.read_text(encoding="utf-8"))
    older.executescript(DEBATE)
    older.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 11")
    older.close()
    with Corpus.open(corpus_file) as corpus:
        rows = corpus.database().query("SELECT id, copy_of, substr(created_at, 18) AS at FROM messages ORDER BY id")
        assert [tuple(row.values()) for row in rows] == [
            ("A1", None, "00.000Z"), ("A3", None, "06.000Z"), ("A4", None, "09.000Z"),
            ("B1", "A1", "00.000Z"), ("B2", None, "05.000Z"), ("B3", "A3", "06.000Z"), ("B4", "A4", "09.000Z"),
            ("B5", None, "00.000Z"),
        ]  # fmt: skip
        assert sum(row.messages for row in corpus.counts()) == 4, (
            "the topic, Go on twice, and what one side heard alone"
        )
        assert corpus.problems() == ()


def test_what_a_moderator_said_is_counted_once_also_where_forks_of_an_older_debate_repeat_it(corpus_file: Path) -> None:
    corpus_file.parent.mkdir()
    older = sqlite3.connect(corpus_file)
    for migration in migrations()[:11]:
        older.executescript(migration.read_text(encoding="utf-8"))
    older.executescript(DEBATE + FORKS)
    older.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 11")
    older.close()
    with Corpus.open(corpus_file) as corpus:
        rows = corpus.database().query("SELECT id, created_at FROM messages WHERE text = 'Guns?' ORDER BY id")
        assert {row["id"]: row["created_at"] for row in rows} == dict.fromkeys(
            ("A1", "B1", "F1", "G1", "H1"), "2026-11-21T12:00:00.000Z"
        )
        assert corpus.problems() == ()
        corpus.delete("A")  # and the other side with it: the oldest copy stands for what was said
        assert sum(row.messages for row in corpus.counts()) == 1


FORMS = """
INSERT INTO conversations (id, title, created_at, active_at, persona_name, persona, persona_sha256, system_prompt,
    model, model_sha256, program_version) VALUES
    ('A', 'A', '2026-11-29', '2026-11-29', 'democrat', '{}', 'cd', '', 'gemma', 'aa', '0'),
    ('B', 'B', '2026-11-29', '2026-11-29', 'democrat', '{}', 'cd', '', 'smollm2', 'bb', '0'),
    ('C', 'C', '2026-11-29', '2026-11-29', 'democrat', '{}', 'cd', '', 'http://127.0.0.1/v1', NULL, '0'),
    ('D', 'D', '2026-11-29', '2026-11-29', 'democrat', '{}', 'cd', '', 'gemma', 'aa', '0');
INSERT INTO messages (id, conversation_id, parent_id, role, text, status, created_at, updated_at)
    SELECT id || '1', id, NULL, 'user', 'Guns?', 'complete', '2026-11-29', '2026-11-29' FROM conversations
    UNION ALL
    SELECT id || '2', id, id || '1', 'assistant', 'Fewer.', 'complete', '2026-11-29', '2026-11-29' FROM conversations
    WHERE id <> 'D';
INSERT INTO messages (id, conversation_id, parent_id, role, text, status, created_at, updated_at) VALUES
    ('A3', 'A', 'A1', 'assistant', 'More.', 'complete', '2026-11-29', '2026-11-29'),
    ('A4', 'A', 'A1', 'assistant', 'None.', 'complete', '2026-11-29', '2026-11-29');
INSERT INTO generations (message_id, started_at, engine, model, model_sha256, template_sha256, temperature, top_p,
    max_tokens, program_version) VALUES
    ('A2', '2026-11-29', 'llama', 'gemma', 'aa', '{plain}', 0.7, 0.95, 400, '0'),
    ('A3', '2026-11-29', 'llama', 'smollm2', 'bb', 'ef', 0.7, 0.95, 400, '0'),
    ('A4', '2026-11-29', 'llama', 'gemma', 'aa', 'cd', 0.7, 0.95, 400, '0'),
    ('B2', '2026-11-29', 'llama', 'smollm2', 'bb', 'ef', 0.7, 0.95, 400, '0'),
    ('C2', '2026-11-29', 'openai', 'http://127.0.0.1/v1', NULL, NULL, 0.7, 0.95, 400, '0');
INSERT INTO measurements (id, conversation_id, message_id, created_at, survey, survey_sha256, expression, refusals,
    groups, complete, engine, model, model_sha256, template_sha256, program_version) VALUES
    ('X', 'D', NULL, '2026-11-29', 'civic', 'ef', 'log_probability', 'apart', '[]', 1, 'llama', 'gemma',
        'aa', '{plain}', '0'),
    ('Y', 'B', 'B2', '2026-11-29', 'civic', 'ef', 'log_probability', 'apart', '[]', 1, 'llama', 'smollm2',
        'bb', 'ef', '0');
"""
"""Conversations as schema 12 kept them: of a base model, of one with a template, of a server, and only measured."""


def test_replies_and_measurements_of_older_versions_say_whether_they_are_of_a_base_model(corpus_file: Path) -> None:
    plain = "056db64f284eca94252602a1e0528353838f317a0ac2157c5f88b584b7d17bda"
    corpus_file.parent.mkdir()
    older = sqlite3.connect(corpus_file)
    for migration in migrations()[:12]:
        older.executescript(migration.read_text(encoding="utf-8"))
    older.executescript(FORMS.replace("{plain}", plain))
    older.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 12")
    older.close()
    with Corpus.open(corpus_file) as corpus:
        database = corpus.database()
        told = {
            table: {row[key]: row["prompt_format"] for row in database[table].rows}
            for table, key in (("generations", "message_id"), ("measurements", "id"), ("conversations", "id"))
        }
        rounds = database["v_measurements"].rows
        assert {row["measurement_id"]: row["prompt_format"] for row in rounds} == {"X": "plain", "Y": "template"}
    assert told == {
        "generations": {"A2": "plain", "A3": "template", "A4": "template", "B2": "template", "C2": None},
        "measurements": {"X": "plain", "Y": "template"},
        "conversations": {"A": "plain", "B": "template", "C": None, "D": "plain"},
    }
