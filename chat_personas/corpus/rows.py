"""The rows of the corpus as frozen models: one per table, fields named as the columns are, and two for listings."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field

from chat_personas.corpus.sql import Row, from_json, json_object, new_key, now
from eval.engine import EngineInfo, Order, PromptFormat

Status = Literal["streaming", "complete", "stopped", "interrupted", "error"]
Author = Literal["person", "model"]
Utterance = tuple[datetime, str, str]
"""When something was begun, in which role, and the words."""
_JSON = BeforeValidator(from_json)
JsonText = Annotated[str, AfterValidator(json_object)]
"""A column that stays text, and holds a JSON object."""


class ConversationRow(Row):
    """A conversation, with the persona and the model with which it began.

    `persona` is the persona as it was then (JSON), `persona_sha256` the hash of the file it came from, `system_prompt`
    the exact text that the model was given. Both may change: see `PersonaChangeRow` and `GenerationRow`.
    `prompt_format` says how that model was asked (`EngineInfo.prompt_format`); null where that is not known.
    `active_leaf_id` is the last message of the branch on the screen. `forked_from` is the conversation with whose
    messages this one begins, which may be deleted since. `sampling` is how replies are drawn where the person chose
    that for this conversation (JSON, the keys of a persona's `[sampling]`); null where they are drawn as the persona
    asks.
    """

    table: ClassVar[str] = "conversations"

    id: str
    title: str
    created_at: datetime
    active_at: datetime
    persona_name: str
    persona: JsonText
    persona_sha256: str
    system_prompt: str
    model: str
    model_sha256: str | None
    program_version: str
    active_leaf_id: str | None
    forked_from: str | None = None
    sampling: JsonText | None = None
    prompt_format: PromptFormat | None = None


class PersonaChangeRow(Row):
    """Another persona with which a conversation went on, its fields as those of a conversation.

    The newest one makes the next reply. What was made before says itself whose it was.
    """

    table: ClassVar[str] = "persona_changes"

    id: str = Field(default_factory=new_key)
    conversation_id: str
    created_at: datetime = Field(default_factory=now)
    persona_name: str
    persona: JsonText
    persona_sha256: str
    system_prompt: str


class ConversationSummary(Row):
    """A conversation as a list shows it, with the model with which it began; the counts are over all its branches.

    `compared` is how many conversations its comparison has, itself among them; 0 where it is in none. `study` is the
    name of the study that it belongs to, as a participant's or as a fork of that; `test` marks one of a rehearsal or of
    the owner's own trial.
    """

    table: ClassVar[str] = "conversations"

    id: str
    title: str
    created_at: datetime
    active_at: datetime
    persona_name: str
    model: str
    prompt_format: PromptFormat | None = None
    messages: int
    measurements: int
    compared: int = 0
    study: str | None = None
    test: bool = False


class DebateSideRow(Row):
    """One side of a debate: `place` is 0 for the side that begins, `turns` how often it is to speak."""

    table: ClassVar[str] = "debates"

    id: str
    conversation_id: str
    place: int
    turns: int
    created_at: datetime


class Words(NamedTuple):
    """What a model is to be given as a message with the role `user`; the fields are those of a `MessageRow`."""

    text: str
    speaker: str | None = None
    quotes: str | None = None


class MessageRow(Row):
    """What a person or the model said. Messages form a tree: `parent_id` is the one before, null for the first.

    `status` is `complete` for what a person said; a reply is `streaming` while it is written and ends `complete`,
    `stopped` (by the person), `interrupted` (the stream broke off or the program died) or `error`; `why` says more.
    A message that quotes a reply is read with the reply's status (`corpus.messages.MESSAGE`). The text is what the
    model said, control characters included: user interfaces show it cleaned. `copy_of` is the message of another
    conversation of which this one is a copy: made when the conversation was forked, or because a moderator said it to
    both sides of a debate. A copy has the role, the text and the time of its original.

    In a debate a message with the role `user` may hold the words of the other side: `quotes` is the reply that it
    repeats. `speaker` is the name before the words as the model is given them, null for the words alone.
    """

    table: ClassVar[str] = "messages"

    id: str
    conversation_id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    text: str
    status: Status
    why: str | None = None
    created_at: datetime
    updated_at: datetime
    copy_of: str | None = None
    speaker: str | None = None
    quotes: str | None = None

    @property
    def author(self) -> Author:
        """Who wrote the text. Whatever concerns people's or models' words asks this, and never the role."""
        return "model" if self.role == "assistant" or self.quotes is not None else "person"

    @property
    def utterance(self) -> Utterance:
        """What the message has in common with its copies and with nothing else, also where the original is deleted."""
        return self.created_at, self.role, self.text


class Thought(Row):
    """What the model thought before a reply, control characters included, and for how long it thought.

    `seconds` is null while it thinks, and where the program died before the thought ended.
    """

    text: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ReplyModel:
    """Which model made a reply: its name and the hash of its file, None for a server's, and how it was asked.

    It is the same model however it is asked.
    """

    name: str
    sha256: str | None
    prompt_format: PromptFormat | None = field(default=None, compare=False)
    template: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, info: EngineInfo) -> Self:
        """Return the model of an engine, whatever it is steered by."""
        return cls(info.name, info.sha256, info.prompt_format, info.given_template)

    @property
    def asked(self) -> tuple[str, PromptFormat | None, str | None]:
        """Its name, the form in which it is asked, and the template that was given for that."""
        return self.name, self.prompt_format, self.template

    def asked_as(self, other: "ReplyModel") -> bool:
        """Whether both are the same model, asked in the same form, through the same template."""
        return self == other and (self.prompt_format, self.template) == (other.prompt_format, other.template)


class ReplyPersona(NamedTuple):
    """Under which persona a reply was made: its name, the hash of its file, and the exact system prompt."""

    name: str
    sha256: str
    system_prompt: str


class GenerationRow(Row):
    """How a reply was made: the model, the settings, what it cost, and what the model thought. Null: not known (yet).

    `thought` is null where the model did not think; see `Thought`. `prompt_format` says whether the model was asked
    through a chat template or as a base model (`EngineInfo.prompt_format`), `template` which one was given in place of
    that in its file (`EngineInfo.given_template`). `interventions` names what changed its
    hidden states (`eval.interventions.Intervention.key`). `projection` is how far along the direction `projected_on`
    the hidden states of the reply lie (0 and 1 are the poles of its training texts); null where it was not read, and
    where nothing could be, since `interventions` removed or clamped it (`eval.interventions.fixed_by`; older rows hold
    the constant that this made of it).
    The persona's columns say under whom it was made, with the exact system prompt; null in rows of older versions, in
    which a conversation had one persona.
    """

    table: ClassVar[str] = "generations"

    message_id: str
    started_at: datetime
    engine: str
    model: str
    model_sha256: str | None
    quantization: str | None
    context_length: int | None
    template_sha256: str | None
    flash_attention: bool | None
    temperature: float
    top_p: float
    max_tokens: int
    seed: int | None
    finish_reason: str | None
    dropped_messages: int
    prompt_tokens: int | None
    reused_tokens: int | None
    decoded_tokens: int | None
    seconds: float | None
    first_token_seconds: float | None
    program_version: str
    thought: str | None
    thought_seconds: float | None
    interventions: Annotated[tuple[str, ...], _JSON]
    projection: float | None
    projected_on: str | None
    persona_name: str | None = None
    persona_sha256: str | None = None
    system_prompt: str | None = None
    prompt_format: PromptFormat | None = None
    template: str | None = None


class SpokenAsRow(Row):
    """Under which persona a reply was made: the columns of its `GenerationRow` that say so, and its model."""

    table: ClassVar[str] = "generations"

    message_id: str
    model: str
    prompt_format: PromptFormat | None
    persona_name: str | None
    persona_sha256: str | None
    system_prompt: str | None


class GroupRow(Row):
    """One value of one attribute, as in the catalogue of personas."""

    attribute: str
    value: str


class MeasurementRow(Row):
    """One round of probes after a message, and the alignment it gave (mean and 95% interval, 0 to 1).

    `message_id` is null for the round before the first message, which belongs to every branch of the conversation.
    `refusals` says how refusals counted (`apart` or `as-option`); `complete` is false when the round was cut short, as
    by the next message. The alignment is null where the survey has no figures for the groups, its bounds under 20
    questions. `verdict` says whether it may be shown (`finding` of a report's verdict; null in older rows), and
    `order_agreement` how far the answers in the two option orders agree. `dropped_messages` counts the oldest messages
    that the model did not see, for want of context. `interventions`, `persona_name`, `system_prompt`,
    `prompt_format` and `template` as in a generation.
    """

    table: ClassVar[str] = "measurements"

    id: str = Field(default_factory=new_key)
    conversation_id: str
    message_id: str | None
    created_at: datetime = Field(default_factory=now)
    survey: str
    survey_sha256: str
    expression: str
    refusals: str = "apart"
    groups: Annotated[tuple[GroupRow, ...], _JSON]
    complete: bool
    alignment: float | None
    alignment_low: float | None
    alignment_high: float | None
    verdict: str | None = None
    order_agreement: float | None = None
    order_agreement_low: float | None = None
    order_agreement_high: float | None = None
    engine: str
    model: str
    model_sha256: str | None = None
    quantization: str | None = None
    template_sha256: str | None = None
    flash_attention: bool | None = None
    interventions: Annotated[tuple[str, ...], _JSON] = ()
    seed: int | None = None
    dropped_messages: int = 0
    seconds: float | None = None
    program_version: str
    persona_name: str | None = None
    system_prompt: str | None = None
    prompt_format: PromptFormat | None = None
    template: str | None = None


class ProbeRow(Row):
    """What the model answered to one question in one option order.

    `options` are the probabilities of the substantive options in the survey's order, not normalised; `options_upper`
    the most they can be where a server shows only its likeliest tokens, null when exact; `refusal` that of all
    refusal options; `label_mass` of all answer labels together. A `failure` has no options.
    """

    table: ClassVar[str] = "probes"

    question: str
    option_order: Order
    options: Annotated[tuple[float, ...], _JSON]
    options_upper: Annotated[tuple[float, ...] | None, _JSON] = None
    refusal: float | None
    label_mass: float | None
    failure: str | None = None


class RatingRow(Row):
    """What a person thought of a message, on a scale that the person names.

    `rater` is the participant who rated; null for the owner of the corpus.
    """

    table: ClassVar[str] = "ratings"

    id: str = Field(default_factory=new_key)
    message_id: str
    created_at: datetime = Field(default_factory=now)
    scale: str
    value: float
    comment: str | None = None
    rater: str | None = None


class SearchHit(Row):
    """A message in which a search found its words.

    `model` is the one with which its conversation began, `prompt_format` the form in which that was asked.
    `persona_name` is that of a reply; of any other message, the one with which the conversation began. `of_participant`
    says that a participant of a study said it, and not the owner of the corpus.
    `excerpt` is the text around them; `matches` are the ranges of characters in it that matched.
    """

    table: ClassVar[str] = "messages"

    message_id: str
    conversation_id: str
    title: str
    persona_name: str
    model: str
    prompt_format: PromptFormat | None = None
    role: Literal["user", "assistant"]
    of_participant: bool
    created_at: datetime
    excerpt: str
    matches: tuple[tuple[int, int], ...]


class CountsRow(Row):
    """What the corpus holds of one persona on one model asked in one form, over all branches.

    `messages` and `words_said` are those of people, `words_replied` those of the model; what a side of a debate quotes
    is neither. `measured` counts rounds of measuring. `first` and `last` are the days (UTC) on which the first
    conversation began and on which one was last active.
    """

    table: ClassVar[str] = "conversations"

    persona: str
    model: str
    prompt_format: PromptFormat | None = None
    conversations: int
    messages: int
    replies: int
    words_said: int
    words_replied: int
    measured: int
    first: str
    last: str
