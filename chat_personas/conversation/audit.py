"""Auditing a conversation: every logged reply is generated once more, and compared with what the corpus has.

A reply of a model on this machine follows from the model's file, what it was given, the sampling and the seed. It also
depends, in the last digits of its numbers, on what was in the model's cache: so the replies are generated in the order
in which they were made, each after those before it. Where the program was left in between, the cache was empty; where
another conversation had been held before, or the other side of a debate had spoken, its words were in it, and with them
what both begin with. So the prompts of those are read before, and a reply that comes out otherwise is tried in the
other ways, too.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from chat_personas.conversation.conversation import persona_of
from chat_personas.corpus import ConversationRow, Corpus, GenerationRow, MessageRow, PersonaChangeRow
from chat_personas.corpus.messages import transcript
from chat_personas.corpus.sql import storable
from chat_personas.engines.reply_limit import ReplyLimit
from chat_personas.steering.errors import SteeringError
from chat_personas.steering.knob import Knob
from eval.engine import Engine, EngineError, EngineInfo, Message, ReadsAhead, Sampling
from eval.interventions import InterventionError

Finding = Literal["identical", "differs", "cannot"]
OpenEngine = Callable[[], Awaitable[Engine]]
"""Opens the model as it is when the program begins, with an empty cache."""
_MOST_OTHERS = 8
"""Other replies whose prompts are read before a reply, besides the first: the last ones are what was in the cache."""
AFTER_UNKNOWN = "other words now, as may be after a reply that cannot be generated again"
_STRENGTH = re.compile(r", strength (\S+)$")


@dataclass(frozen=True, slots=True)
class AuditedReply:
    """What came of one reply.

    `number` is the reply's place among those of its conversation, in the order in which they were made, from 1. `at` is
    the first character, from 1, in which the two texts differ. `why` says why a reply cannot be generated again.
    """

    conversation_id: str
    message_id: str
    number: int
    finding: Finding
    at: int | None = None
    why: str | None = None


class Audit:
    """Generates the replies of conversations again, on a model that is opened anew for each of them."""

    def __init__(self, corpus: Corpus, open_engine: OpenEngine) -> None:
        """Prepare to audit what is in `corpus`; `close` in the end."""
        self._corpus = corpus
        self._open_engine = open_engine
        self._engine: Engine | None = None
        self._is_new = False
        self._unknown: set[str] = set()  # replies that cannot be generated again

    async def replies(self, conversation_id: str) -> AsyncGenerator[AuditedReply, None]:
        """Yield what came of each reply of a conversation, on all its branches, in the order in which they were made.

        Raises:
            EngineError: the model cannot be opened.
            CorpusError: the corpus cannot be read.
        """
        conversation = self._corpus.conversation(conversation_id)
        changes = self._corpus.persona_changes(conversation.id)
        if not self._is_new:
            await self._open()
        for number, row in enumerate(self._corpus.replies(conversation.id), start=1):
            made = self._corpus.generation(row.id)
            branch = self._corpus.branch(row.id)[:-1]
            yield await self._audited(_Logged(conversation, changes, row, branch, made), number)

    async def close(self) -> None:
        """Close the model."""
        if self._engine is not None:
            await self._engine.close()
            self._engine = None

    async def _open(self) -> Engine:
        await self.close()
        self._engine = await self._open_engine()
        self._is_new = True
        return self._engine

    async def _audited(self, logged: "_Logged", number: int) -> AuditedReply:
        assert self._engine is not None
        found = AuditedReply(logged.conversation.id, logged.row.id, number, "identical")
        why, difference = _why_not(logged, self._engine.info), None
        if why is None and logged.made is not None:
            self._is_new = False
            try:
                difference = await self._difference(logged, logged.made)
            except (EngineError, SteeringError, InterventionError) as error:
                why = str(error)
        if difference is not None and not self._unknown.isdisjoint(row.id for row in logged.branch):
            why = AFTER_UNKNOWN
        if why is not None:
            self._unknown.add(logged.row.id)
            return replace(found, finding="cannot", why=why)
        return found if difference is None else replace(found, finding="differs", at=difference)

    async def _difference(self, logged: "_Logged", made: GenerationRow) -> int | None:
        """Return where a reply comes out otherwise, in whatever state the model may have been; None: nowhere."""
        furthest = 0
        for prepare in (self._after_others, self._as_it_is, self._taken_up_again, self._begun_anew, self._said_before):
            engine = await prepare(logged, made)
            if engine is None:
                continue
            difference = await _again(engine, logged, made)
            if difference is None:
                return None
            furthest = max(furthest, difference)
        return furthest

    async def _as_it_is(self, logged: "_Logged", made: GenerationRow) -> Engine | None:
        """Return the model as the replies before this one left it."""
        return await self._steered(logged, made)

    async def _taken_up_again(self, logged: "_Logged", made: GenerationRow) -> Engine | None:
        """Return the model as it has read a conversation that was taken up again; None where it had read nothing."""
        if made.reused_tokens == 0 or len(logged.branch) < 2:
            return None
        engine = await self._begun_anew(logged, made)
        if isinstance(engine, ReadsAhead):
            earlier = transcript(logged.system_prompt, logged.branch[:-1])
            await engine.read_ahead(earlier, _sampling(made))
        return engine

    async def _begun_anew(self, logged: "_Logged", made: GenerationRow) -> Engine:
        """Return the model as the program opens it."""
        await self._open()
        return await self._steered(logged, made)

    async def _said_before(self, logged: "_Logged", made: GenerationRow) -> Engine | None:
        """Return the model as it has read all these words for another reply; None where it had not.

        Another conversation of the same program may have begun with them.
        """
        if made.prompt_tokens is None or made.reused_tokens is None or made.reused_tokens < made.prompt_tokens - 1:
            return None
        engine = await self._begun_anew(logged, made)
        if isinstance(engine, ReadsAhead):
            await engine.read_ahead(logged.context, _sampling(made))
        return engine

    async def _after_others(self, logged: "_Logged", made: GenerationRow) -> Engine | None:
        """Return the model as it has read the prompts of other replies just before; None where it had read no others.

        Sides of a debate alternate, and one conversation follows another: what their prompts begin with in common was
        read once, for the first of them.
        """
        replies = [row.id for row in self._corpus.replies(logged.conversation.id) if row.id < logged.row.id]
        before = None if not replies else self._corpus.generation(replies[-1])
        if not made.reused_tokens or (before is not None and made.reused_tokens >= (before.prompt_tokens or 0)):
            return None  # it had read nothing, or the conversation itself
        others = self._corpus.made_before(logged.row.id, since=replies[-1] if replies else None)
        engine = await self._steered(logged, made)
        if not others or not isinstance(engine, ReadsAhead):
            return None
        for key in (*others[:1], *others[1:][-_MOST_OTHERS:]):
            how, branch = self._corpus.generation(key), self._corpus.branch(key)
            prompt = None if how is None else how.system_prompt
            if prompt is None:
                prompt = self._corpus.conversation(branch[0].conversation_id).system_prompt
            await engine.read_ahead(transcript(prompt, branch[:-1]), _sampling(made))
        return engine

    async def _steered(self, logged: "_Logged", made: GenerationRow) -> Engine:
        """Return the model under what changed it then. Raises SteeringError where that cannot be had."""
        assert self._engine is not None
        if not made.interventions:
            return self._engine
        knob = Knob.of(self._engine, persona_of(logged.under), Path())
        if knob.engine.info.interventions != made.interventions:
            strength = _STRENGTH.search(made.interventions[0])
            if strength is not None:
                knob.find()
                knob.turn(float(strength[1]))
        if knob.engine.info.interventions != made.interventions:
            raise SteeringError("the direction that changed the model then is missing or another one")
        return knob.engine


@dataclass(frozen=True, slots=True)
class _Logged:
    """A reply of the corpus, what stood before it, and how it was made."""

    conversation: ConversationRow
    changes: tuple[PersonaChangeRow, ...]
    row: MessageRow
    branch: tuple[MessageRow, ...]
    made: GenerationRow | None

    @property
    def context(self) -> list[Message]:
        """What the model was given."""
        return transcript(self.system_prompt, self.branch)

    @property
    def system_prompt(self) -> str:
        """The system prompt under which it was made."""
        recorded = None if self.made is None else self.made.system_prompt
        return self.conversation.system_prompt if recorded is None else recorded

    @property
    def under(self) -> ConversationRow | PersonaChangeRow:
        """The persona under which it was made."""
        if self.made is None or self.made.persona_sha256 in (None, self.conversation.persona_sha256):
            return self.conversation
        same = (change for change in self.changes if change.persona_sha256 == self.made.persona_sha256)
        return next(same, self.conversation)

    @property
    def whole(self) -> bool:
        """Whether the reply came to its end."""
        return self.row.status == "complete"


def _why_not(logged: _Logged, info: EngineInfo) -> str | None:
    """Return why a reply cannot be generated again on this model, None where it can."""
    made = logged.made
    if made is None:
        return "how it was made is not recorded"
    reasons = {
        "being written": logged.row.status == "streaming",
        "made by a server, whose model cannot be known for certain": made.engine != "llama",
        f"made by {made.model}; name that model with --model": made.model_sha256 != info.sha256,
        "it was asked in plain text, as a base model; add --template plain": (
            made.prompt_format == "plain" and info.prompt_format == "template"
        ),
        f"it was asked through the template {made.template}, which was given for it; name that with --template": (
            made.template not in (None, info.given_template)
        ),
        "the chat template was another one": made.template_sha256 != info.template_sha256,
        f"the context had {made.context_length} tokens, and has {info.context_length} now": (
            made.context_length != info.context_length
        ),
        f"flash attention was {'on' if made.flash_attention else 'off'} then": (
            made.flash_attention != info.flash_attention
        ),
        "the seed is not recorded": made.seed is None and made.temperature > 0,
        "without text": not logged.row.text and made.thought is None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _sampling(made: GenerationRow) -> Sampling:
    return Sampling(made.temperature, made.top_p, made.max_tokens, made.seed)


async def _again(engine: Engine, logged: _Logged, made: GenerationRow) -> int | None:
    """Generate a reply once more; return the first character in which it differs from the logged one, None for none.

    A reply that did not come to its end is generated, and compared, as far as it came: nothing beyond it may stay in
    the model's cache.
    """
    sampling = _sampling(made)
    if not logged.whole:
        sampling = replace(sampling, max_tokens=await _tokens_of(engine, logged, sampling))
    thought = text = ""
    limit = ReplyLimit(sampling.max_tokens)
    async with aclosing(engine.stream(logged.context, sampling)) as stream:
        async for piece in stream:
            cut = limit.cut(piece)
            if cut.recalls:
                thought, text = thought + text, ""
            thought, text = thought + cut.thought, text + cut.text
            if limit.reached:
                break
    difference = _first_difference(storable(thought), made.thought or "", whole=logged.whole)
    return difference or _first_difference(storable(text), logged.row.text, whole=logged.whole)


async def _tokens_of(engine: Engine, logged: _Logged, sampling: Sampling) -> int:
    """Return how many tokens a reply has that did not come to its end, which the model does not report.

    Found by halving, beside the conversation. Where that gives other words, as on a base model, it may have all.
    """
    least, most, found = 1, sampling.max_tokens, ""
    while logged.row.text and least < most:
        middle = (least + most) // 2
        (text,) = await engine.complete(logged.context, replace(sampling, max_tokens=middle), 1)
        if len(text) >= len(logged.row.text):
            most, found = middle, text
        else:
            least = middle + 1
    return most if found.startswith(logged.row.text) else sampling.max_tokens


def _first_difference(now: str, then: str, *, whole: bool) -> int | None:
    """Return the place of the first different character, from 1; None where there is none up to the end of `then`."""
    compared = now if whole else now[: len(then)]
    if compared == then:
        return None
    pairs = zip(compared, then, strict=False)
    return next((place for place, (a, b) in enumerate(pairs, start=1) if a != b), min(len(compared), len(then)) + 1)
