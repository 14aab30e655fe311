-- Times are UTC, ISO 8601 to the millisecond. Keys are ULIDs. `seq` is only for the full-text index.

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    created_at TEXT NOT NULL,
    active_at TEXT NOT NULL,
    persona_name TEXT NOT NULL,
    persona TEXT NOT NULL CHECK (json_valid(persona)),
    persona_sha256 TEXT NOT NULL,
    system_prompt TEXT NOT NULL,
    model TEXT NOT NULL,
    model_sha256 TEXT,
    program_version TEXT NOT NULL,
    active_leaf_id TEXT REFERENCES messages (id) ON DELETE SET NULL
) STRICT;

CREATE INDEX conversations_by_activity ON conversations (active_at);
CREATE INDEX conversations_by_leaf ON conversations (active_leaf_id);

CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'interrupted', 'error')),
    why TEXT,
    owner TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (conversation_id, id),
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
) STRICT;

CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id);
CREATE INDEX messages_streaming ON messages (owner) WHERE status = 'streaming';

CREATE TABLE generations (
    message_id TEXT PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    started_at TEXT NOT NULL,
    engine TEXT NOT NULL,
    model TEXT NOT NULL,
    model_sha256 TEXT,
    quantization TEXT,
    context_length INTEGER,
    template_sha256 TEXT,
    flash_attention INTEGER,
    temperature REAL NOT NULL,
    top_p REAL NOT NULL,
    max_tokens INTEGER NOT NULL,
    seed INTEGER,
    finish_reason TEXT,
    dropped_messages INTEGER NOT NULL DEFAULT 0,
    prompt_tokens INTEGER,
    reused_tokens INTEGER,
    decoded_tokens INTEGER,
    seconds REAL,
    first_token_seconds REAL,
    program_version TEXT NOT NULL
) STRICT;

CREATE TABLE measurements (
    id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
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
    program_version TEXT NOT NULL
) STRICT;

CREATE INDEX measurements_by_message ON measurements (message_id);

CREATE TABLE probes (
    measurement_id TEXT NOT NULL REFERENCES measurements (id) ON DELETE CASCADE,
    question TEXT NOT NULL,
    option_order TEXT NOT NULL,
    options TEXT NOT NULL CHECK (json_valid(options)),
    options_upper TEXT CHECK (options_upper IS NULL OR json_valid(options_upper)),
    refusal REAL,
    label_mass REAL,
    failure TEXT,
    PRIMARY KEY (measurement_id, question, option_order)
) STRICT, WITHOUT ROWID;

CREATE TABLE ratings (
    id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    scale TEXT NOT NULL,
    value REAL NOT NULL,
    comment TEXT
) STRICT;

CREATE INDEX ratings_by_message ON ratings (message_id);

-- Conversations that are deleted but may have left traces in the file, because it was in use or the disk was full.
CREATE TABLE unerased (conversation_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- A reply that is still being written changes every second: it enters the full-text index once it has ended.
CREATE VIEW ended_messages AS SELECT seq, text FROM messages WHERE status <> 'streaming';

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text, content = 'ended_messages', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages WHEN new.status <> 'streaming' BEGIN
    INSERT INTO messages_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER messages_fts_enter AFTER UPDATE OF text, status ON messages
WHEN old.status = 'streaming' AND new.status <> 'streaming' BEGIN
    INSERT INTO messages_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER messages_fts_replace AFTER UPDATE OF text, status ON messages
WHEN old.status <> 'streaming' AND new.status <> 'streaming' BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.seq, old.text);
    INSERT INTO messages_fts (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER messages_fts_leave AFTER UPDATE OF text, status ON messages
WHEN old.status <> 'streaming' AND new.status = 'streaming' BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.seq, old.text);
END;

CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages WHEN old.status <> 'streaming' BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.seq, old.text);
END;
