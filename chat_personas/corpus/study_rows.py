"""The rows of studies as frozen models: who took part, what they agreed to, and what they answered and guessed."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from chat_personas.corpus.rows import JsonText
from chat_personas.corpus.sql import Row, from_json, new_key, now

Scope = Literal["use", "research", "publication"]
"""What a person agreed to: that it is kept and used here, given to other researchers, or published. Each has the one
before in it."""
ParticipationStatus = Literal["running", "complete", "left", "excluded", "withdrawn"]
SCOPES: tuple[Scope, ...] = ("use", "research", "publication")
_JSON = BeforeValidator(from_json)


class StudyRow(Row):
    """A study as it was when somebody took part; `definition` is its file with its instruments, as JSON."""

    table: ClassVar[str] = "studies"

    sha256: str
    name: str
    title: str
    definition: JsonText


class ParticipantRow(Row):
    """A person who takes part in studies. `id` is the only name that the person has here.

    `test` marks rehearsals and the owner's own trials: no export has them. `adult` is what the person said, null where
    it was not asked. `withdrawn_at` is when the person withdrew: the row is a tombstone then.
    """

    table: ClassVar[str] = "participants"

    id: str = Field(default_factory=new_key)
    created_at: datetime = Field(default_factory=now)
    test: bool
    adult: bool | None
    recruited_by: str | None = None
    withdrawn_at: datetime | None = None


class IdentifierRow(Row):
    """How others name a participant, such as a recruiter's identifier. No export reads it.

    `kind` is `participant` or `recruiter`.
    """

    table: ClassVar[str] = "identifiers"

    participant_id: str
    kind: str
    value: str


class ConsentRow(Row):
    """That a participant agreed to a text, for a scope; `traces`: also that it is kept how messages were typed."""

    table: ClassVar[str] = "consents"

    id: str = Field(default_factory=new_key)
    participant_id: str
    study_sha256: str
    version: str
    text_sha256: str
    scope: Scope
    traces: bool
    given_at: datetime = Field(default_factory=now)
    withdrawn_at: datetime | None = None


class Slot(Row):
    """A place in the assignment of a study: the condition that whoever stands there gets.

    `site` is the machine's corpus, `stratum` the answers by which people are assigned apart (empty if by none). Every
    block of a site and stratum has each condition equally often.
    """

    table: ClassVar[str] = "participations"

    condition: str
    site: str
    stratum: str
    block: int
    place: int


class ParticipationRow(Row):
    """One person's way through one study. `condition` and the slot that gave it are null before the assignment.

    `status` is `running` until the end, then `complete`, `left` (the person ended it), `excluded` (`why` says by which
    rule) or `withdrawn`.
    """

    table: ClassVar[str] = "participations"

    id: str = Field(default_factory=new_key)
    participant_id: str
    study_sha256: str
    status: ParticipationStatus = "running"
    why: str | None = None
    started_at: datetime = Field(default_factory=now)
    active_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None
    condition: str | None = None
    site: str | None = None
    stratum: str | None = None
    block: int | None = None
    place: int | None = None
    program_version: str


class StageRow(Row):
    """When a person entered a stage of a study, and when the person left it."""

    table: ClassVar[str] = "stages"

    participation_id: str
    name: str
    started_at: datetime
    ended_at: datetime | None


class AnswerRow(Row):
    """An answer to an item of a questionnaire; a row that is not there was not asked.

    `said` is what was typed or the text of the option that was chosen, `code` the option's code, `value` a number.
    `declined`: the person preferred not to say. `options` are the codes in the order in which they stood on the screen.
    `place` is the item's place in its stage, from 1. `seconds` is how long the item was in front of the person.
    """

    table: ClassVar[str] = "answers"

    participation_id: str
    stage: str
    instrument: str
    item: str
    place: int
    attribute: str | None = None
    options: Annotated[tuple[str, ...], _JSON] = ()
    said: str | None = None
    code: str | None = None
    value: float | None = None
    declined: bool = False
    seconds: float | None = None
    answered_at: datetime = Field(default_factory=now)


class GuessRow(Row):
    """What a participant guessed of a group's answers to a question: a share (0 to 1) per option, summing to 1."""

    table: ClassVar[str] = "guesses"

    participation_id: str
    stage: str
    survey_sha256: str
    question: str
    place: int
    shares: Annotated[tuple[float, ...], _JSON]
    seconds: float | None = None
    guessed_at: datetime = Field(default_factory=now)


class CompositionRow(Row):
    """How a message was typed: how many keys, the length of each paste, seconds to the first key, the pasted share."""

    table: ClassVar[str] = "compositions"

    message_id: str
    keys: int
    pasted: Annotated[tuple[int, ...], _JSON]
    first_key_seconds: float | None
    pasted_share: float
