-- What the moderator of a debate says is a row in the conversation of each side, and was said once. So the row of the
-- second side is a copy of the other one, too, with its time, by which copies are known where the original is deleted.
-- So forks of the second side get that time, too, and forks of them, also where a fork between them is deleted.
WITH moderator AS (
    SELECT
        messages.id, messages.created_at, debates.id AS debate, place, speaker, text,
        row_number() OVER (PARTITION BY debates.id, place, speaker, text ORDER BY messages.id) AS occurrence
    FROM debates JOIN messages ON messages.conversation_id = debates.conversation_id
    WHERE role = 'user' AND quotes IS NULL AND speaker IS NOT NULL
)
UPDATE messages SET copy_of = coalesce(messages.copy_of, said.id), created_at = said.created_at
FROM moderator AS again JOIN moderator AS said USING (debate, speaker, text, occurrence)
WHERE again.place = 1 AND said.place = 0
    AND messages.created_at = again.created_at AND messages.text = again.text
    AND (messages.id = again.id OR (messages.copy_of IS NOT NULL AND messages.role = 'user'));

-- The views as before, but that they say of what it is a copy, so that it is counted once.
DROP VIEW v_measurements;
DROP VIEW v_turns;
DROP VIEW v_dialogue;

-- `copy_of` is the message elsewhere that holds the same words: in a fork the one that was copied, in a debate the reply
-- that is quoted, or what the moderator said to the other side. Null: it was said here.
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
    CASE WHEN messages.role = 'assistant' OR messages.quotes IS NOT NULL THEN 'model' ELSE 'person' END AS author,
    coalesce(messages.copy_of, messages.quotes) AS copy_of
FROM branch
JOIN messages ON messages.id = branch.message_id
LEFT JOIN messages AS before ON before.id = messages.parent_id
JOIN conversations ON conversations.id = branch.conversation_id
LEFT JOIN generations ON generations.message_id = branch.message_id
WINDOW so_far AS (PARTITION BY branch.conversation_id ORDER BY up DESC);

-- `copy_of` is about what the person said, and null where any of it was said here; `reply_copy_of` is about the reply.
CREATE VIEW v_turns AS
SELECT
    said.conversation_id, said.turn, coalesce(reply.persona_name, said.persona_name) AS persona_name, said.title,
    max(said.message_id) AS message_id,
    group_concat(CASE WHEN said.author = 'person' THEN said.text END, char(10, 10)) AS text,
    min(said.created_at) AS created_at,
    reply.message_id AS reply_id, reply.text AS reply, reply.status AS reply_status,
    generations.model, generations.seconds, generations.decoded_tokens,
    group_concat(CASE WHEN said.author = 'model' THEN said.text END, char(10, 10)) AS quoted,
    CASE WHEN sum(said.author = 'person' AND said.copy_of IS NULL) = 0
        THEN max(CASE WHEN said.author = 'person' THEN said.copy_of END) END AS copy_of,
    reply.copy_of AS reply_copy_of
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
