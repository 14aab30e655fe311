-- Another persona with which a conversation went on: the newest one makes the next reply. A conversation that stayed
-- with the persona with which it began has none.
CREATE TABLE persona_changes (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    persona_name TEXT NOT NULL,
    persona TEXT NOT NULL CHECK (json_valid(persona)),
    persona_sha256 TEXT NOT NULL,
    system_prompt TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX persona_changes_by_conversation ON persona_changes (conversation_id, id);

-- The persona under which a reply was made, or a measurement, and the exact system prompt; null in the rows of older
-- versions, in which every conversation had one persona.
ALTER TABLE generations ADD COLUMN persona_name TEXT;
ALTER TABLE generations ADD COLUMN persona_sha256 TEXT;
ALTER TABLE generations ADD COLUMN system_prompt TEXT;
ALTER TABLE measurements ADD COLUMN persona_name TEXT;
ALTER TABLE measurements ADD COLUMN system_prompt TEXT;
