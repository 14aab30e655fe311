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

-- The views as before, but that they say of each reply and each measurement whose it was.
DROP VIEW v_measurements;
DROP VIEW v_turns;
DROP VIEW v_dialogue;

CREATE VIEW v_dialogue AS
WITH RECURSIVE branch (conversation_id, message_id, parent_id, up) AS (
    SELECT messages.conversation_id, messages.id, messages.parent_id, 0
    FROM conversations JOIN messages ON messages.id = conversations.active_leaf_id
    UNION ALL
    SELECT messages.conversation_id, messages.id, messages.parent_id, up + 1
    FROM branch JOIN messages ON messages.id = branch.parent_id
)
SELECT
    branch.conversation_id,
    row_number() OVER so_far AS place,
    sum(messages.role = 'user' AND before.role IS NOT 'user') OVER so_far AS turn,
    messages.id AS message_id, messages.role, messages.text, messages.status, messages.created_at,
    coalesce(generations.persona_name, conversations.persona_name) AS persona_name, conversations.title,
    CASE WHEN messages.role = 'assistant' OR messages.quotes IS NOT NULL THEN 'model' ELSE 'person' END AS author
FROM branch
JOIN messages ON messages.id = branch.message_id
LEFT JOIN messages AS before ON before.id = messages.parent_id
JOIN conversations ON conversations.id = branch.conversation_id
LEFT JOIN generations ON generations.message_id = branch.message_id
WINDOW so_far AS (PARTITION BY branch.conversation_id ORDER BY up DESC);

CREATE VIEW v_turns AS
SELECT
    said.conversation_id, said.turn, coalesce(reply.persona_name, said.persona_name) AS persona_name, said.title,
    max(said.message_id) AS message_id,
    group_concat(CASE WHEN said.author = 'person' THEN said.text END, char(10, 10)) AS text,
    min(said.created_at) AS created_at,
    reply.message_id AS reply_id, reply.text AS reply, reply.status AS reply_status,
    generations.model, generations.seconds, generations.decoded_tokens,
    group_concat(CASE WHEN said.author = 'model' THEN said.text END, char(10, 10)) AS quoted
FROM v_dialogue AS said
LEFT JOIN v_dialogue AS reply
    ON reply.conversation_id = said.conversation_id AND reply.turn = said.turn AND reply.role = 'assistant'
LEFT JOIN generations ON generations.message_id = reply.message_id
WHERE said.role = 'user'
GROUP BY said.conversation_id, said.turn;

CREATE VIEW v_measurements AS
SELECT
    measurements.id AS measurement_id, measurements.conversation_id, measurements.message_id,
    CASE WHEN measurements.message_id IS NULL THEN 0 ELSE v_dialogue.turn END AS turn,
    coalesce(measurements.persona_name, conversations.persona_name) AS persona_name, measurements.created_at,
    measurements.survey, measurements.expression,
    measurements.groups, measurements.complete, measurements.verdict, measurements.alignment,
    measurements.alignment_low, measurements.alignment_high, measurements.order_agreement, measurements.model
FROM measurements
JOIN conversations ON conversations.id = measurements.conversation_id
LEFT JOIN v_dialogue ON v_dialogue.message_id = measurements.message_id;
