"""A corpus that an older version wrote is brought up to date, and nothing in it is lost."""

import sqlite3
from pathlib import Path

from chat_personas.corpus import Corpus
from chat_personas.corpus.migrations import APPLICATION_ID, migrations

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
