"""One conversation for reading: a page (`html`) or Markdown (`markdown`).

Both say who talked with which model, what changed the model inside, the turns, and what was measured after each of
them, once: an alignment only where its verdict is sound. The page loads nothing and holds no script, as the pages of
reports do. In Markdown, what people and models said stands in quotations and keeps its Markdown, but for tags and
pictures, which a viewer might run or load.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chat_personas.corpus.export.format import TextFormat
from chat_personas.corpus.export.source import Quoted, Source
from chat_personas.corpus.measurements import that_count
from chat_personas.corpus.messages import turns_of
from chat_personas.corpus.rows import ConversationRow, GenerationRow, MeasurementRow, MessageRow
from chat_personas.corpus.sql import stamp
from chat_personas.models import BASE_MODEL, POCKET
from chat_personas.reporting.html.layout import CAUTION, definitions, whole_page
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import plain, with_interval
from chat_personas.reporting.verdicts import NOT_SOUND
from chat_personas.reporting.wording.conversations import STATUS, speaker_of
from chat_personas.reporting.wording.measurements import DEMONSTRATION, groups_label, recorded_model
from chat_personas.reporting.wording.steering import fixed_described, stored_intervention_described
from chat_personas.text import printable
from eval.interventions import fixed_by
from eval.report import GroupName
from eval.report import Score as ReportScore

TURN_RULES = (
    ".turn { margin: 1.2rem 0; max-width: 46rem; }",
    ".turn h2, .turn h4 { font-size: 1rem; margin: 0; padding: 0; border: 0; }",
    ".turn .words { white-space: pre-wrap; border-left: 4px solid var(--people); padding: 0.1rem 0.75rem; }",
    ".turn.reply .words { border-color: var(--persona); }",
)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One message: who spoke, what they said, and the remarks under it."""

    speaker: str
    reply: bool
    text: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Copy:
    """A conversation in the words in which both formats show it."""

    title: str
    facts: tuple[tuple[str, str], ...]
    before: tuple[str, ...]
    turns: tuple[_Turn, ...]


def words_in_markdown(
    title: str, said: Sequence[MessageRow], speakers: Mapping[str, str], of_participants: Collection[str] = ()
) -> str:
    """Return what was said as Markdown to read, copy or look through in an editor, each message under who said it.

    `speakers` are the personas' titles by the ids of their replies; `of_participants` see `speaker_of`.
    """
    parts = [f"# {printable(title)}"]
    for message in said:
        speaker = speaker_of(message, printable(speakers.get(message.id, "")), of_participants)
        parts += [f"## {speaker}", printable(message.text)]
    return "\n\n".join(parts) + "\n"


def _copies(source: Source) -> Iterator[_Copy]:
    for conversation, said in source.dialogues(whole=True):
        made = source.generations(conversation.id)
        turns, quoted = turns_of(said), source.quoted()
        rounds = [row for row in that_count(source.measurements(conversation.id)) if row.message_id in (None, *turns)]
        replies = [made[message.id] for message in said if message.id in made]
        asked = [*map(_asked, replies), *map(_asked, rounds)]
        began = conversation.model, conversation.prompt_format
        named = len(set(asked)) > 1 or any((model, form) != began for model, form, _ in asked)
        measured: dict[str | None, list[str]] = {}
        for row in rounds:
            measured.setdefault(row.message_id, []).append(_measured(row, turns.get(row.message_id, 0), named=named))
        yield _Copy(
            conversation.title,
            tuple(_facts(conversation, said, made)),
            tuple(measured.get(None, ())),
            tuple(
                _turn(message, _speaker(message, conversation, quoted, made, named), made, measured.get(message.id, ()))
                for message in said
            ),
        )


def _facts(
    conversation: ConversationRow, said: Sequence[MessageRow], made: Mapping[str, GenerationRow]
) -> Iterator[tuple[str, str]]:
    replies = [message for message in said if message.role == "assistant"]
    personas = dict.fromkeys(_persona(conversation, made.get(message.id)) for message in replies)
    personas = personas or {conversation.persona_name: None}
    yield "persona", ", then ".join(personas)
    models = dict.fromkeys(_asked(made[each.id]) for each in replies if each.id in made)
    models = models or {(conversation.model, conversation.prompt_format, None): None}
    yield "model", ", then ".join(_model(*each) for each in models)
    yield "begun", stamp(conversation.created_at)
    yield "conversation", conversation.id
    prompts = dict.fromkeys(_prompt(conversation, made.get(message.id)) for message in replies)
    prompts = prompts or {conversation.system_prompt: None}
    if any(prompts):
        yield "system prompt", ", then ".join(prompt or "none" for prompt in prompts)
    changes = {name for message in said if message.id in made for name in made[message.id].interventions}
    if changes:
        yield "changed inside the model", "; ".join(map(stored_intervention_described, sorted(changes)))


def _speaker(
    message: MessageRow,
    conversation: ConversationRow,
    quoted: Mapping[str, Quoted],
    made: Mapping[str, GenerationRow],
    named: bool,
) -> str:
    """Name who wrote a message; a person only where one did. `named`: with the model, because there are several."""
    if message.role == "assistant":
        how = made.get(message.id)
        on = f" on {_model(*_asked(how))}" if named and how is not None else ""
        return f"{_persona(conversation, how)}{on}"
    if message.id in quoted:
        return f"{quoted[message.id].name} ({_kind(quoted[message.id])}, quoted)"
    return "Person" if message.speaker is None else f"Person ({message.speaker.partition(',')[0]})"


def _kind(quoted: Quoted) -> str:
    return BASE_MODEL if quoted.prompt_format == "plain" else "a model"


def _asked(row: GenerationRow | MeasurementRow) -> tuple[str, str | None, str | None]:
    """Return which model made a reply or was measured, in which form, and through which template that was given."""
    return row.model, row.prompt_format, row.template


def _model(name: str, prompt_format: str | None, template: str | None) -> str:
    demonstration = f" ({DEMONSTRATION})" if name == POCKET else ""
    return f"{recorded_model(name, prompt_format, template)}{demonstration}"


def _turn(message: MessageRow, speaker: str, made: Mapping[str, GenerationRow], measured: Sequence[str]) -> _Turn:
    remarks = [STATUS[message.status]] if message.status in STATUS else []
    how = made.get(message.id)
    if how is not None and how.projection is not None:
        remarks.append(_projection(how, how.projection, how.projected_on or ""))
    return _Turn(speaker, message.author == "model", message.text, (*remarks, *measured))


def _projection(how: GenerationRow, value: float, along: str) -> str:
    """Say where a reply lies; of one that an earlier version recorded although it was fixed, say that."""
    fixed = fixed_by(how.interventions, along)
    no_reading = "" if fixed is None else f" ({fixed_described(fixed)})"
    return f"projection {plain(value)} on {along}{no_reading}"


def _persona(conversation: ConversationRow, how: GenerationRow | None) -> str:
    return conversation.persona_name if how is None or how.persona_name is None else how.persona_name


def _prompt(conversation: ConversationRow, how: GenerationRow | None) -> str:
    return conversation.system_prompt if how is None or how.system_prompt is None else how.system_prompt


def _measured(row: MeasurementRow, turn: int, *, named: bool) -> str:
    """Say what a round of measuring found, or why its alignment is not shown; `named`: on which model, too."""
    when = f"measured after turn {turn}" if turn else "measured before the first turn"
    when += f" on {_model(*_asked(row))}" if named else ""
    asked = f"{row.survey}, {row.expression}"
    if row.verdict in NOT_SOUND:
        return f"{when} ({asked}): not sound: {NOT_SOUND[row.verdict]}"
    if row.alignment is None or row.verdict is None:
        why = (
            "no alignment" if row.alignment is None else "not shown: an older version did not judge whether it is sound"
        )
        return f"{when} ({asked}): {why}"
    score = ReportScore(mean=row.alignment, low=row.alignment_low, high=row.alignment_high)
    groups = groups_label([GroupName(attribute=group.attribute, value=group.value) for group in row.groups])
    cut = "" if row.complete else ", cut short"
    return f"{when} ({asked}{cut}): alignment {with_interval(score)} with {groups}"


def _page(copy: _Copy) -> str:
    body: list[Node] = [
        element("h1", copy.title),
        definitions(copy.facts),
        element("p", CAUTION, class_="note"),
        [element("p", remark, class_="note") for remark in copy.before],
        element("main", [_part(turn) for turn in copy.turns]),
    ]
    return whole_page(copy.title, body, TURN_RULES)


def _part(turn: _Turn) -> Element:
    return element(
        "section",
        element("h2", turn.speaker),
        element("div", turn.text, class_="words"),
        [element("p", remark, class_="note") for remark in turn.remarks],
        class_="turn reply" if turn.reply else "turn",
    )


def _markdown(copy: _Copy) -> str:
    parts = [f"# {_one_line(copy.title)}"]
    parts += ["\n".join(f"- {name}: {_one_line(value)}" for name, value in copy.facts)]
    parts += [CAUTION, *(f"*{_one_line(remark)}*" for remark in copy.before)]
    for turn in copy.turns:
        parts.append(f"## {_one_line(turn.speaker)}")
        parts.append(_quoted(turn.text))
        parts += [f"*{_one_line(remark)}*" for remark in turn.remarks]
    return "\n\n".join(parts)


def _quoted(text: str) -> str:
    """Return a text as a quotation in which no tag and no picture is left."""
    harmless = printable(text).replace("<", "&lt;").replace("![", r"!\[")
    return "\n".join(f"> {line}".rstrip() for line in harmless.splitlines())


def _one_line(text: str) -> str:
    """Return a text as one line of Markdown in which nothing is markup."""
    line = " ".join(printable(text).split())
    return "".join(f"\\{character}" if character in "\\`*_[]<>#|&~$" else character for character in line)


_LEAVES_OUT = "other branches; replies that are empty or still being written; thoughts; settings; ratings"
HTML = TextFormat(
    name="html",
    summary="a page for reading one conversation",
    for_whom="reading one conversation in a browser, or printing it",
    ending=".html",
    leaves_out=_LEAVES_OUT,
    one=True,
    holds="a message",
    whole=True,
    tells_authors=True,
    texts=lambda source: map(_page, _copies(source)),
)
MARKDOWN = TextFormat(
    name="markdown",
    summary="Markdown for reading one conversation",
    for_whom="reading one conversation in an editor or a wiki",
    ending=".md",
    leaves_out=_LEAVES_OUT,
    one=True,
    holds="a message",
    whole=True,
    tells_authors=True,
    texts=lambda source: map(_markdown, _copies(source)),
)
