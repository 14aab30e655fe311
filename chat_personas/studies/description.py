"""What is in a corpus: who took part, how carefully, what was said, and what it tells of people who want no name.

Tests and those who have withdrawn are left out and counted. Figures about conversations are over the branch that was
last on the screen.
"""

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from pydantic import Field

from chat_personas import __version__
from chat_personas.corpus import Corpus, MessageRow
from chat_personas.corpus.errors import UnknownParticipationError
from chat_personas.corpus.messages import Originals
from chat_personas.corpus.study_rows import AnswerRow, ParticipationRow
from chat_personas.studies.response_quality import (
    Carefulness,
    NearDuplicates,
    PossibleName,
    ScaleAnswer,
    longest_string,
    near_duplicates,
    possible_names,
    variability,
)
from chat_personas.studies.sample import (
    AttributeShares,
    Demographics,
    Margins,
    SmallCells,
    Weighting,
    shares_of,
    small_cells,
    weighting_of,
)
from eval.scoring.results import Document, Part
from personas.inputs.suggestions import quoted, suggestion

SCHEMA: Literal["chat-personas/corpus-description@1"] = "chat-personas/corpus-description@1"
EXPOSURE = "exposure"
"""The instrument that asks for earlier studies."""
SOUND = ("sound", "sound_with_warning")
INSTALL = "pip install 'chat-personas[describe]'"
OWNER = "owner"
"""The rater of ratings that the owner of the corpus gave."""


class Spread(Part):
    """How a quantity is distributed."""

    n: int
    """How many there are."""
    least: float
    """The least."""
    median: float
    """The median."""
    mean: float
    """The mean."""
    greatest: float
    """The greatest."""


class People(Part):
    """Who is in the description, and who is not."""

    participants: int
    """People who took part, tests and the withdrawn left out."""
    participations: int
    """Their ways through a study: a person can take part in several."""
    by_status: dict[str, int]
    """Their participations by how they ended."""
    tests_left_out: int
    """Participations of tests."""
    withdrawn_left_out: int
    """Participations of people who have withdrawn."""
    own_conversations: int
    """Conversations of the owner of the corpus, which no participation has."""


class AnswerCounts(Part):
    """How participants answered one item."""

    item: str
    """The item."""
    answers: dict[str, int]
    """How many gave which answer, in its words."""
    declined: int
    """How many preferred not to say."""


class Lengths(Part):
    """How much was said. A debate is one conversation here, without its quotes, and a fork is what was said in it."""

    conversations: int
    """Conversations in which something was said."""
    turns: Spread | None
    """Messages of the person in a conversation; of the moderator in a debate."""
    words_said: Spread | None
    """Words of a message of a person."""
    words_replied: Spread | None
    """Words of a reply."""


class RatingScale(Part):
    """Ratings on one scale."""

    scale: str
    """The scale, as it was named."""
    ratings: Spread
    """The ratings; of several by one rater of one reply the last."""
    raters: int
    """How many people rated."""
    shared: int
    """Replies that two or more rated."""
    alpha: float | None
    """Krippendorff's alpha, level interval: 1 agreement, 0 chance. Null where no reply was rated by two, where all
    ratings are equal, or without the extra `describe`."""


class TurnAlignment(Part):
    """The alignment with the group after one turn, over conversations."""

    survey: str
    """The survey with which it was measured."""
    turn: int
    """How many messages of the person there were; 0 before the first."""
    conversations: int
    """Conversations with a sound measurement there; the last one of each counts. The messages with which a fork begins
    are of the conversation in which they were said."""
    mean: float
    """The mean alignment."""
    low: float | None
    """The low end of the 95% interval over conversations (Student's t); null with fewer than two."""
    high: float | None
    """The high end."""


class Description(Document):
    """What is in a corpus, for its owner: it holds keys of participants and words that may be names."""

    schema_: Literal["chat-personas/corpus-description@1"] = Field(default=SCHEMA, alias="schema")
    """Always `"chat-personas/corpus-description@1"`: the format of the document."""
    created: str
    """When it was made (UTC)."""
    program_version: str
    """The version of chat-personas."""
    study: str | None
    """The study that it is about; null for the whole corpus."""
    tests: bool
    """Whether it is about rehearsals and trials, and not about people who took part."""
    people: People
    """Who is in it, and who is not."""
    demographics: tuple[AttributeShares, ...]
    """Who took part, by attribute."""
    weighting: Weighting | None
    """Weights that meet the margins; null where no margins were given."""
    exposure: tuple[AnswerCounts, ...]
    """Whether people had taken part in such studies before."""
    carefulness: tuple[Carefulness, ...]
    """How each person answered."""
    lengths: Lengths
    """How much was said."""
    near_duplicates: NearDuplicates | None
    """Messages of people that are alike; null without the extra `describe`."""
    ratings: tuple[RatingScale, ...]
    """Ratings of replies, by scale."""
    alignment: tuple[TurnAlignment, ...]
    """The alignment over the turns, where it was sound."""
    small_cells: SmallCells | None
    """Combinations of demographics that few people share; null where nobody was asked for any."""
    possible_names: tuple[PossibleName, ...]
    """Words in what people wrote that may be names of people or places: for a person to look at, never complete."""
    missing: tuple[str, ...]
    """What could not be computed, and why."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A participation with its answers, by stage in the order in which the person entered the stages."""

    row: ParticipationRow
    answers: tuple[AnswerRow, ...]
    scales: Mapping[tuple[str, str], tuple[float, float]]
    conversation: str | None


@dataclass(slots=True)
class _Read:
    """What a description is made from.

    `conversations` are what was said in each and nowhere before, `originals` what stands for each copy in them.
    """

    ways: list[_Way] = field(default_factory=list)
    conversations: dict[str, tuple[MessageRow, ...]] = field(default_factory=dict)
    originals: dict[str, MessageRow] = field(default_factory=dict)
    others: int = 0
    withdrawn: int = 0
    own: int = 0


def describe(
    corpus: Corpus, study: str | None = None, margins: Margins | None = None, *, tests: bool = False
) -> Description:
    """Describe a corpus, or what belongs to the study of this name; with `tests` the rehearsals and nobody else.

    Raises:
        CorpusError: the corpus cannot be read, or has no such study.
    """
    read = _read(corpus, study, tests=tests)
    demographics = _demographics(read.ways)
    weighting, weights = (None, []) if margins is None else weighting_of(demographics, margins)
    missing: list[str] = []
    said = {
        row.id: (key, row.text) for key, rows in read.conversations.items() for row in rows if row.author == "person"
    }
    return Description(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        program_version=__version__,
        study=study,
        tests=tests,
        people=_people(read, tests=tests),
        demographics=shares_of(demographics, margins, weights),
        weighting=weighting,
        exposure=tuple(_exposure(read.ways)),
        carefulness=tuple(_carefulness(corpus, way) for way in read.ways),
        lengths=_lengths(_debates_as_one(corpus, read.conversations)),
        near_duplicates=_near_duplicates(said, missing),
        ratings=tuple(_ratings(corpus, read, missing)),
        alignment=tuple(_alignment(corpus, read)),
        small_cells=small_cells(demographics),
        possible_names=possible_names({key: text for key, (_, text) in said.items()} | _free_answers(read.ways)),
        missing=tuple(dict.fromkeys(missing)),
    )


# Reading


def _read(corpus: Corpus, study: str | None, *, tests: bool) -> _Read:
    studies = corpus.studies.studies(study)
    if study is not None and not studies:
        names = sorted({row.name for row in corpus.studies.studies()})
        likely = suggestion(study, names, f"there are {', '.join(names)}" if names else "the corpus has none yet")
        raise UnknownParticipationError(f"there is no study {quoted(study)} in the corpus; {likely}")
    read = _Read()
    for row in studies:
        scales = scale_ends(row.definition)
        for participation in corpus.studies.participations(row.sha256):
            conversation = corpus.studies.conversation_of(participation.id)
            person = corpus.studies.participant(participation.participant_id)
            if person is None or person.withdrawn_at is not None or participation.status == "withdrawn":
                read.withdrawn += 1
            elif person.test != tests:
                read.others += 1
            else:
                read.ways.append(_Way(participation, _in_order(corpus, participation.id), scales, conversation))
    chosen = [way.conversation for way in read.ways if way.conversation]
    if study is None and not tests:
        of_studies = corpus.studies.conversations()
        own = [key for key in corpus.conversation_ids() if key not in of_studies]
        read.own = len(own)
        chosen = sorted([*chosen, *own])
    originals = Originals()
    for key in chosen:
        leaf = corpus.conversation(key).active_leaf_id
        branch = corpus.branch(leaf) if leaf else ()
        copies = originals.of(branch)
        read.originals |= copies
        read.conversations[key] = tuple(row for row in branch if row.id not in copies)
    return read


def scale_ends(definition: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the ends of the scale items of a study, by instrument and item; none where its definition has none."""
    found = {}
    for name, instrument in json.loads(definition).get("instruments", {}).items():
        for item in instrument.get("items", ()):
            if item.get("kind") == "scale" and item.get("low", 0) < item.get("high", 0):
                found[name, item["id"]] = (float(item["low"]), float(item["high"]))
    return found


def _in_order(corpus: Corpus, participation_id: str) -> tuple[AnswerRow, ...]:
    """Return what a person answered, in the order of stages and places."""
    stages = [stage.name for stage in corpus.studies.stages(participation_id)]
    places = {name: place for place, name in enumerate(stages)}
    answers = corpus.studies.answers(participation_id)
    return tuple(sorted(answers, key=lambda row: (places.get(row.stage, len(places)), row.stage, row.place)))


# People


def _people(read: _Read, *, tests: bool) -> People:
    statuses = Counter(way.row.status for way in read.ways)
    return People(
        participants=len({way.row.participant_id for way in read.ways}),
        participations=len(read.ways),
        by_status=dict(sorted(statuses.items())),
        tests_left_out=0 if tests else read.others,
        withdrawn_left_out=read.withdrawn,
        own_conversations=read.own,
    )


def _demographics(ways: Iterable[_Way]) -> list[Demographics]:
    """Return the coded values of each person; of several studies the latest answer counts."""
    found: dict[str, dict[str, str | None]] = {}
    for way in ways:
        person = found.setdefault(way.row.participant_id, {})
        for answer in way.answers:
            if answer.attribute is not None and (answer.declined or answer.code is not None):
                person[answer.attribute] = None if answer.declined else answer.code
    return list(found.values())


def _exposure(ways: Iterable[_Way]) -> Iterator[AnswerCounts]:
    by_item: dict[str, Counter[str | None]] = {}
    for way in ways:
        for answer in way.answers:
            if answer.instrument == EXPOSURE:
                said = None if answer.declined else answer.said or answer.code or f"{answer.value or 0:g}"
                by_item.setdefault(answer.item, Counter())[said] += 1
    for item, counted in by_item.items():
        declined = counted.pop(None, 0)
        yield AnswerCounts(item=item, answers={str(k): n for k, n in counted.most_common()}, declined=declined)


def _carefulness(corpus: Corpus, way: _Way) -> Carefulness:
    by_stage: dict[str, list[ScaleAnswer]] = {}
    for answer in way.answers:
        ends = way.scales.get((answer.instrument, answer.item))
        if ends is not None and answer.value is not None:
            by_stage.setdefault(answer.stage, []).append(ScaleAnswer(answer.value, *ends))
    every = [answer for answers in by_stage.values() for answer in answers]
    seconds = [answer.seconds for answer in way.answers if answer.seconds is not None]
    traces = corpus.studies.compositions(way.conversation) if way.conversation else ()
    return Carefulness(
        participation_id=way.row.id,
        scale_items=len(every),
        longest_string=max(map(longest_string, by_stage.values()), default=0),
        variability=variability(every),
        seconds_per_item=statistics.median(seconds) if seconds else None,
        traced=len(traces),
        pasted=sum(bool(trace.pasted) for trace in traces),
        pasted_share=statistics.fmean(trace.pasted_share for trace in traces) if traces else None,
    )


def _free_answers(ways: Iterable[_Way]) -> dict[str, str]:
    """Return what people wrote in their own words in questionnaires, by participation, instrument and item."""
    return {
        f"{way.row.id} {answer.instrument}.{answer.item}": answer.said
        for way in ways
        for answer in way.answers
        if answer.said and answer.code is None and answer.value is None
    }


# Conversations


def spread(values: Sequence[float]) -> Spread | None:
    """Return how values are distributed; None where there are none."""
    if not values:
        return None
    return Spread(
        n=len(values),
        least=min(values),
        median=statistics.median(values),
        mean=statistics.fmean(values),
        greatest=max(values),
    )


def _debates_as_one(
    corpus: Corpus, conversations: Mapping[str, tuple[MessageRow, ...]]
) -> Iterable[tuple[MessageRow, ...]]:
    """Return what was said in each conversation, and in both sides of a debate together."""
    together = dict[str, tuple[MessageRow, ...]]()
    for key, rows in conversations.items():
        place = corpus.debate_of(key) or key
        together[place] = (*together.get(place, ()), *rows)
    return together.values()


def _lengths(conversations: Iterable[tuple[MessageRow, ...]]) -> Lengths:
    spoken = [rows for rows in conversations if rows]
    every = [row for rows in spoken for row in rows]
    return Lengths(
        conversations=len(spoken),
        turns=spread([sum(row.author == "person" for row in rows) for rows in spoken]),
        words_said=spread([len(row.text.split()) for row in every if row.author == "person"]),
        words_replied=spread([len(row.text.split()) for row in every if row.role == "assistant"]),
    )


def _near_duplicates(said: Mapping[str, tuple[str, str]], missing: list[str]) -> NearDuplicates | None:
    try:
        return near_duplicates(dict(sorted(said.items())))
    except ImportError:
        missing.append(f"near-duplicates need datasketch: {INSTALL}")
        return None


def _ratings(corpus: Corpus, read: _Read, missing: list[str]) -> Iterator[RatingScale]:
    scales: dict[str, dict[tuple[str, str], float]] = {}
    for rating in sorted((each for key in read.conversations for each in corpus.ratings(key)), key=lambda row: row.id):
        original = read.originals.get(rating.message_id)
        rated = rating.message_id if original is None else original.id
        scales.setdefault(rating.scale, {})[rating.rater or OWNER, rated] = rating.value
    for scale, given in sorted(scales.items()):
        found = spread(list(given.values()))
        assert found is not None
        times = Counter(message for _, message in given)
        yield RatingScale(
            scale=scale,
            ratings=found,
            raters=len({rater for rater, _ in given}),
            shared=sum(count > 1 for count in times.values()),
            alpha=_alpha(given, missing),
        )


def _alpha(given: Mapping[tuple[str, str], float], missing: list[str]) -> float | None:
    """Return Krippendorff's alpha over raters and what they rated (level interval); None where there is none."""
    raters, rated = (list(dict.fromkeys(key[part] for key in given)) for part in (0, 1))
    table = np.array([[given.get((rater, message), math.nan) for message in rated] for rater in raters])
    if not (np.isfinite(table).sum(axis=0) > 1).any() or len(set(given.values())) < 2:
        return None
    try:
        import krippendorff
    except ImportError:
        missing.append(f"Krippendorff's alpha needs krippendorff: {INSTALL}")
        return None
    alpha = float(krippendorff.alpha(reliability_data=table, level_of_measurement="interval"))
    return alpha if math.isfinite(alpha) else None


def _alignment(corpus: Corpus, read: _Read) -> Iterator[TurnAlignment]:
    """Yield the mean over conversations for each turn, of the last sound measurement of each."""
    sql = f"""
        SELECT conversation_id, message_id, survey, turn, alignment FROM v_measurements
        WHERE complete AND alignment IS NOT NULL AND turn IS NOT NULL AND verdict IN {SOUND}
        ORDER BY measurement_id
        """  # noqa: S608 - a constant of ours
    last = dict[tuple[str, int, str], float]()
    database = corpus.database()
    try:
        for conversation, message, survey, turn, alignment in database.conn.execute(sql):
            if conversation in read.conversations:
                original = read.originals.get(message)
                said_in = conversation if original is None else original.conversation_id
                last[survey, turn, said_in] = alignment
    finally:
        database.conn.close()
    by_turn: dict[tuple[str, int], list[float]] = {}
    for (survey, turn, _), alignment in sorted(last.items()):
        by_turn.setdefault((survey, turn), []).append(alignment)
    for (survey, turn), values in by_turn.items():
        low, high = t_interval(values)
        mean = statistics.fmean(values)
        yield TurnAlignment(survey=survey, turn=turn, conversations=len(values), mean=mean, low=low, high=high)


def t_interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the 95% interval of a mean by Student's t; None with fewer than two values."""
    if len(values) < 2:
        return None, None
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - half, mean + half
