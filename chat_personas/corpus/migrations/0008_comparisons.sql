-- Conversations in which the same was said to several personas side by side. `id` is that of the comparison, `place` the
-- column from the left, from 0. A comparison whose conversations are all deleted has no row left.
CREATE TABLE comparisons (
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL UNIQUE REFERENCES conversations (id) ON DELETE CASCADE,
    place INTEGER NOT NULL CHECK (place >= 0),
    created_at TEXT NOT NULL,
    PRIMARY KEY (id, conversation_id)
) STRICT, WITHOUT ROWID;
