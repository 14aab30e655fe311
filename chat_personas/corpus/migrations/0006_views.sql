-- What people query: promised to keep their columns, whatever becomes of the tables.

-- Every message of the branch that was last on the screen, in its place from 1, with its turn: the number of messages
-- of the person up to it.
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
    sum(messages.role = 'user') OVER so_far AS turn,
    messages.id AS message_id, messages.role, messages.text, messages.status, messages.created_at,
    conversations.persona_name, conversations.title
FROM branch
JOIN messages ON messages.id = branch.message_id
JOIN conversations ON conversations.id = branch.conversation_id
WINDOW so_far AS (PARTITION BY branch.conversation_id ORDER BY up DESC);

-- A row for every turn of that branch: what the person said and the reply to it; null where there is none.
CREATE VIEW v_turns AS
SELECT
    said.conversation_id, said.turn, said.persona_name, said.title,
    said.message_id, said.text, said.created_at,
    reply.message_id AS reply_id, reply.text AS reply, reply.status AS reply_status,
    generations.model, generations.seconds, generations.decoded_tokens
FROM v_dialogue AS said
LEFT JOIN v_dialogue AS reply
    ON reply.conversation_id = said.conversation_id AND reply.turn = said.turn AND reply.role = 'assistant'
LEFT JOIN generations ON generations.message_id = reply.message_id
WHERE said.role = 'user';

-- Every round of measuring, with the turn after which it was made: 0 before the first message, null on another branch.
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
