-- A measurement names its conversation, and no message where it was made before anything was said. Foreign keys are not
-- enforced while a corpus is migrated, so the probes stay.

CREATE TABLE measurements_of_conversations (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    message_id TEXT,
    created_at TEXT NOT NULL,
    survey TEXT NOT NULL,
    survey_sha256 TEXT NOT NULL,
    expression TEXT NOT NULL,
    refusals TEXT NOT NULL,
    groups TEXT NOT NULL CHECK (json_valid(groups)),
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    alignment REAL,
    alignment_low REAL,
    alignment_high REAL,
    engine TEXT NOT NULL,
    model TEXT NOT NULL,
    model_sha256 TEXT,
    quantization TEXT,
    template_sha256 TEXT,
    flash_attention INTEGER,
    seed INTEGER,
    dropped_messages INTEGER NOT NULL DEFAULT 0,
    seconds REAL,
    program_version TEXT NOT NULL,
    FOREIGN KEY (conversation_id, message_id) REFERENCES messages (conversation_id, id) ON DELETE CASCADE
) STRICT;

INSERT INTO measurements_of_conversations
SELECT
    measurements.id, messages.conversation_id, measurements.message_id, measurements.created_at, survey, survey_sha256,
    expression, refusals, groups, complete, alignment, alignment_low, alignment_high, engine, model, model_sha256,
    quantization, template_sha256, flash_attention, seed, dropped_messages, seconds, program_version
FROM measurements JOIN messages ON messages.id = measurements.message_id;

DROP TABLE measurements;
ALTER TABLE measurements_of_conversations RENAME TO measurements;
CREATE INDEX measurements_by_message ON measurements (conversation_id, message_id);
