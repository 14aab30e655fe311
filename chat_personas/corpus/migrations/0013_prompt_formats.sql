-- How a model was asked: through a chat template, or in plain text as a base model, which continues text. Null: not
-- known, as of servers. A conversation has that of the model with which it began.
ALTER TABLE conversations ADD COLUMN prompt_format TEXT CHECK (prompt_format IN ('template', 'plain'));
ALTER TABLE generations ADD COLUMN prompt_format TEXT CHECK (prompt_format IN ('template', 'plain'));
ALTER TABLE measurements ADD COLUMN prompt_format TEXT CHECK (prompt_format IN ('template', 'plain'));

-- The chat template that a person gave in place of that in the model file: `chatml`, or the name of a file. Null: none,
-- and not known in rows of older versions.
ALTER TABLE generations ADD COLUMN template TEXT;
ALTER TABLE measurements ADD COLUMN template TEXT;

-- Rows of older versions say in which form by the hash of the template: plain text has had this one since it can be asked for.
UPDATE generations SET prompt_format = CASE template_sha256
    WHEN '056db64f284eca94252602a1e0528353838f317a0ac2157c5f88b584b7d17bda' THEN 'plain' ELSE 'template' END
WHERE engine = 'llama' AND template_sha256 IS NOT NULL;
UPDATE measurements SET prompt_format = CASE template_sha256
    WHEN '056db64f284eca94252602a1e0528353838f317a0ac2157c5f88b584b7d17bda' THEN 'plain' ELSE 'template' END
WHERE engine = 'llama' AND template_sha256 IS NOT NULL;
UPDATE conversations SET prompt_format = coalesce(
    (SELECT made.prompt_format FROM messages JOIN generations AS made ON made.message_id = messages.id
     WHERE messages.conversation_id = conversations.id
       AND made.model = conversations.model AND made.model_sha256 IS conversations.model_sha256
     ORDER BY messages.id LIMIT 1),
    (SELECT measured.prompt_format FROM measurements AS measured
     WHERE measured.conversation_id = conversations.id
       AND measured.model = conversations.model AND measured.model_sha256 IS conversations.model_sha256
     ORDER BY measured.id LIMIT 1)
);

-- The views as before, but that they say how the model was asked.
DROP VIEW v_measurements;
DROP VIEW v_turns;

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
    reply.copy_of AS reply_copy_of,
    generations.prompt_format
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
    measurements.alignment_low, measurements.alignment_high, measurements.order_agreement, measurements.model,
    measurements.prompt_format
FROM measurements
JOIN conversations ON conversations.id = measurements.conversation_id
LEFT JOIN v_dialogue ON v_dialogue.message_id = measurements.message_id;
