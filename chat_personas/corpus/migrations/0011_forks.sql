-- A fork is a conversation that begins with copies of messages of another one. `forked_from` is the other conversation,
-- `copy_of` the message that was copied: neither is a reference, for what they name may be deleted.
ALTER TABLE conversations ADD COLUMN forked_from TEXT;
ALTER TABLE messages ADD COLUMN copy_of TEXT;

-- A fork of a participant's conversation holds the participant's words and those of whoever went on: it goes when the
-- participant withdraws, and never leaves the corpus.
ALTER TABLE study_conversations ADD COLUMN fork INTEGER NOT NULL DEFAULT 0 CHECK (fork IN (0, 1));

-- How the replies of a conversation are drawn, where the person chose that for it; null: as the persona asks.
ALTER TABLE conversations ADD COLUMN sampling TEXT CHECK (sampling IS NULL OR json_valid(sampling));

DROP VIEW v_participations;
CREATE VIEW v_participations AS
SELECT
    participations.id AS participation_id, participations.participant_id, studies.name AS study, condition,
    participations.status, participations.why, participations.started_at, participations.ended_at,
    participants.test, participants.adult, participants.recruited_by, participants.withdrawn_at,
    study_conversations.conversation_id
FROM participations
JOIN participants ON participants.id = participations.participant_id
JOIN studies ON studies.sha256 = participations.study_sha256
LEFT JOIN study_conversations ON study_conversations.participation_id = participations.id AND NOT fork;
