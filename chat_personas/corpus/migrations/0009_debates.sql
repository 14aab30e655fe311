-- Debates: two conversations, one for each side, `place` 0 for the side that begins. `turns` is how often the side is to
-- speak. A debate is deleted as a whole, because each side holds what the other one said.
CREATE TABLE debates (
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL UNIQUE REFERENCES conversations (id) ON DELETE CASCADE,
    place INTEGER NOT NULL CHECK (place IN (0, 1)),
    turns INTEGER NOT NULL CHECK (turns >= 1),
    created_at TEXT NOT NULL,
    PRIMARY KEY (id, place)
) STRICT, WITHOUT ROWID;

-- In a debate a message with the role `user` may hold the words of a model. `quotes` is the reply of the other side that
-- it repeats word for word: then its author is that model, whatever the role says. Null: the author is who the role
-- says. It is no foreign key: a row whose reply is gone must not become a person's.
-- `speaker` is the name before the words as a model is given them (`Moderator: ...`); null: the words alone.
ALTER TABLE messages ADD COLUMN speaker TEXT;
ALTER TABLE messages ADD COLUMN quotes TEXT CHECK (quotes IS NULL OR role = 'user');
CREATE INDEX messages_quoting ON messages (conversation_id) WHERE quotes IS NOT NULL;

DROP VIEW v_measurements;
DROP VIEW v_turns;
DROP VIEW v_dialogue;

-- As before, and with `author`: `person` or `model`. Messages without a reply between them are one turn.
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
    conversations.persona_name, conversations.title,
    CASE WHEN messages.role = 'assistant' OR messages.quotes IS NOT NULL THEN 'model' ELSE 'person' END AS author
FROM branch
JOIN messages ON messages.id = branch.message_id
LEFT JOIN messages AS before ON before.id = messages.parent_id
JOIN conversations ON conversations.id = branch.conversation_id
WINDOW so_far AS (PARTITION BY branch.conversation_id ORDER BY up DESC);

-- A row for every turn, as before. In a debate `text` is what the moderator said in the turn, null for nothing, and
-- `quoted` what the other side said; everywhere else `quoted` is null.
CREATE VIEW v_turns AS
SELECT
    said.conversation_id, said.turn, said.persona_name, said.title,
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
    conversations.persona_name, measurements.created_at, measurements.survey, measurements.expression,
    measurements.groups, measurements.complete, measurements.verdict, measurements.alignment,
    measurements.alignment_low, measurements.alignment_high, measurements.order_agreement, measurements.model
FROM measurements
JOIN conversations ON conversations.id = measurements.conversation_id
LEFT JOIN v_dialogue ON v_dialogue.message_id = measurements.message_id;
