-- People who take part in studies, what they agreed to, and what they did there. A person of whom there is no consent
-- has no row. Whoever has talked for themselves has no row either.

-- A study as it was when somebody took part: its file with its instruments, as JSON. The hash is the key, so that the
-- same study on two machines is one row.
CREATE TABLE studies (
    sha256 TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition))
) STRICT, WITHOUT ROWID;

-- After a withdrawal the row stays, as a tombstone: nothing of what the person said or answered does.
CREATE TABLE participants (
    id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    test INTEGER NOT NULL CHECK (test IN (0, 1)),
    adult INTEGER CHECK (adult IN (0, 1)),
    recruited_by TEXT,
    withdrawn_at TEXT
) STRICT;

-- How others name a participant: a recruiter's identifier, a number on a list. No export reads this table.
CREATE TABLE identifiers (
    participant_id TEXT NOT NULL REFERENCES participants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (participant_id, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX identifiers_by_value ON identifiers (kind, value);

-- `traces`: whether the person agreed that it is kept how a message was typed.
CREATE TABLE consents (
    id TEXT PRIMARY KEY,
    participant_id TEXT NOT NULL REFERENCES participants (id) ON DELETE CASCADE,
    study_sha256 TEXT NOT NULL REFERENCES studies (sha256),
    version TEXT NOT NULL,
    text_sha256 TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('use', 'research', 'publication')),
    traces INTEGER NOT NULL CHECK (traces IN (0, 1)),
    given_at TEXT NOT NULL,
    withdrawn_at TEXT
) STRICT;

CREATE INDEX consents_by_participant ON consents (participant_id);

-- One person's way through one study. Site, stratum, block and place name the slot of the assignment that gave the
-- condition; all null before that.
CREATE TABLE participations (
    id TEXT PRIMARY KEY,
    participant_id TEXT NOT NULL REFERENCES participants (id) ON DELETE CASCADE,
    study_sha256 TEXT NOT NULL REFERENCES studies (sha256),
    status TEXT NOT NULL CHECK (status IN ('running', 'complete', 'left', 'excluded', 'withdrawn')),
    why TEXT,
    started_at TEXT NOT NULL,
    active_at TEXT NOT NULL,
    ended_at TEXT,
    condition TEXT,
    site TEXT,
    stratum TEXT,
    block INTEGER,
    place INTEGER,
    program_version TEXT NOT NULL
) STRICT;

CREATE INDEX participations_by_participant ON participations (participant_id);
CREATE INDEX participations_by_slot ON participations (study_sha256, site, stratum, block, place);

CREATE TABLE stages (
    participation_id TEXT NOT NULL REFERENCES participations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    PRIMARY KEY (participation_id, name)
) STRICT, WITHOUT ROWID;

-- An answer to one item of a questionnaire. `said` is what was typed or the text of the chosen option, `code` the
-- option's code, `value` a number. `declined`: the person preferred not to say. No row: not asked. `attribute` is the
-- attribute of the catalogue where the item asks for one. `options` are the codes in the order in which they stood.
CREATE TABLE answers (
    participation_id TEXT NOT NULL REFERENCES participations (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    instrument TEXT NOT NULL,
    item TEXT NOT NULL,
    place INTEGER NOT NULL,
    attribute TEXT,
    options TEXT NOT NULL CHECK (json_valid(options)),
    said TEXT,
    code TEXT,
    value REAL,
    declined INTEGER NOT NULL CHECK (declined IN (0, 1)),
    seconds REAL,
    answered_at TEXT NOT NULL,
    PRIMARY KEY (participation_id, stage, instrument, item)
) STRICT, WITHOUT ROWID;

-- What a participant guessed of the group's answers to a question: a share per option, in the survey's order.
CREATE TABLE guesses (
    participation_id TEXT NOT NULL REFERENCES participations (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    survey_sha256 TEXT NOT NULL,
    question TEXT NOT NULL,
    place INTEGER NOT NULL,
    shares TEXT NOT NULL CHECK (json_valid(shares)),
    seconds REAL,
    guessed_at TEXT NOT NULL,
    PRIMARY KEY (participation_id, stage, question)
) STRICT, WITHOUT ROWID;

-- The conversation of a participation. A conversation without a row here was had by the owner of the corpus.
CREATE TABLE study_conversations (
    conversation_id TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    participation_id TEXT NOT NULL REFERENCES participations (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX study_conversations_by_participation ON study_conversations (participation_id);

-- How a message was typed, with consent only: counts and times, never a key. `pasted` holds the length of each paste.
CREATE TABLE compositions (
    message_id TEXT PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    keys INTEGER NOT NULL,
    pasted TEXT NOT NULL CHECK (json_valid(pasted)),
    first_key_seconds REAL,
    pasted_share REAL NOT NULL CHECK (pasted_share BETWEEN 0 AND 1)
) STRICT, WITHOUT ROWID;

-- The participant who rated: null for the owner of the corpus.
ALTER TABLE ratings ADD COLUMN rater TEXT;

-- What left the corpus. `secret` is the key of the pseudonyms in it: with it, and only here, a person is found in it.
CREATE TABLE releases (
    id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    format TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    filters TEXT NOT NULL CHECK (json_valid(filters)),
    counts TEXT NOT NULL CHECK (json_valid(counts)),
    masked INTEGER NOT NULL CHECK (masked IN (0, 1)),
    licence_people TEXT,
    licence_model TEXT,
    model_terms TEXT,
    secret TEXT NOT NULL,
    program_version TEXT NOT NULL
) STRICT;

CREATE TABLE release_participants (
    release_id TEXT NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
    participant_id TEXT NOT NULL REFERENCES participants (id) ON DELETE CASCADE,
    PRIMARY KEY (release_id, participant_id)
) STRICT, WITHOUT ROWID;

-- Promised to those who query: a row for every person's way through a study, its answers and its guesses. Tests and
-- the withdrawn are in it and marked.
CREATE VIEW v_participations AS
SELECT
    participations.id AS participation_id, participations.participant_id, studies.name AS study, condition,
    participations.status, participations.why, participations.started_at, participations.ended_at,
    participants.test, participants.adult, participants.recruited_by, participants.withdrawn_at,
    study_conversations.conversation_id
FROM participations
JOIN participants ON participants.id = participations.participant_id
JOIN studies ON studies.sha256 = participations.study_sha256
LEFT JOIN study_conversations ON study_conversations.participation_id = participations.id;

CREATE VIEW v_answers AS
SELECT
    answers.participation_id, v_participations.participant_id, v_participations.study, v_participations.condition,
    answers.stage, answers.instrument, answers.item, answers.attribute, answers.said, answers.code, answers.value,
    answers.declined, answers.seconds, answers.answered_at
FROM answers
JOIN v_participations ON v_participations.participation_id = answers.participation_id;

CREATE VIEW v_guesses AS
SELECT
    guesses.participation_id, v_participations.participant_id, v_participations.study, v_participations.condition,
    guesses.stage, guesses.question, guesses.shares, guesses.seconds, guesses.guessed_at
FROM guesses
JOIN v_participations ON v_participations.participation_id = guesses.participation_id;
