"""One person's way through a study: what comes next, and what is stored of it. No screen in it.

Every answer is on the disk before the next thing is asked. What comes next is read from the corpus, so a participation
that broke off anywhere goes on there. The screen, the line mode and rehearsals are three faces of it.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from chat_personas import __version__
from chat_personas.corpus import ConversationRow, Corpus
from chat_personas.corpus.live_programs import Hold, TakenError
from chat_personas.corpus.sql import now
from chat_personas.corpus.study_rows import (
    AnswerRow,
    ConsentRow,
    GuessRow,
    IdentifierRow,
    ParticipantRow,
    ParticipationRow,
)
from chat_personas.studies.assignment import first_free_slot, site_of
from chat_personas.studies.errors import ParticipationError
from chat_personas.studies.instrument import Choice, Item, filled
from chat_personas.studies.steps import (
    AskedItem,
    Debriefing,
    Ended,
    Guessing,
    Questionnaire,
    Sheet,
    Step,
    Talk,
    answer_row,
    shares_of,
)
from chat_personas.studies.study import LoadedStudy, people_asked_of
from chat_personas.text import pluralize
from eval.surveys.model import Question
from personas.inputs.suggestions import quoted

INTAKE, BEFORE, CONVERSATION, AFTER, DEBRIEFING = "intake", "before", "conversation", "after", "debriefing"
GUESSES_BEFORE, GUESSES_AGAIN, GUESSES_AFTER = "guesses_before", "guesses_again", "guesses_after"


@dataclass(frozen=True, slots=True)
class Identity:
    """How others name the person, and how the person was found. All may be None."""

    participant: str | None = None
    recruiter_id: str | None = None
    recruited_by: str | None = None

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The identifiers that are known, each with its kind."""
        both = (("participant", self.participant), ("recruiter", self.recruiter_id))
        return tuple((kind, value) for kind, value in both if value is not None)


class Participation:
    """One person's way through a study. Every method waits for the disk.

    `next_step` says what is to be done; a face does it, stores it with `answer`, `guess` or `attach`, and says `finish`
    where the stage is done.
    """

    def __init__(self, corpus: Corpus, study: LoadedStudy, row: ParticipationRow) -> None:
        """Use `begin` or `resume`."""
        self.study = study
        self._corpus = corpus
        self._records = corpus.studies
        self._tried = Counter[tuple[str, str, str]]()
        self.row = row

    @classmethod
    def begin(
        cls,
        corpus: Corpus,
        study: LoadedStudy,
        identity: Identity = Identity(),
        *,
        adult: bool | None,
        traces: bool = False,
        test: bool = False,
    ) -> Self:
        """Store that a person has agreed to take part, and begin.

        Raises:
            ParticipationError: the person is under 18 and the study is for adults, or has taken part in it already.
        """
        if study.study.consent.adults_only and not adult:
            raise ParticipationError("this study is for people of 18 or older; nothing was stored")
        known = _known(corpus, study, identity)
        row = study.row
        participant = known or ParticipantRow(test=test, adult=adult, recruited_by=identity.recruited_by)
        consent = ConsentRow(
            participant_id=participant.id,
            study_sha256=row.sha256,
            version=study.study.consent.version,
            text_sha256=study.consent_sha256,
            scope=study.study.consent.scope,
            traces=traces and study.study.consent.traces,
        )
        way = ParticipationRow(participant_id=participant.id, study_sha256=row.sha256, program_version=__version__)
        names = [IdentifierRow(participant_id=participant.id, kind=kind, value=value) for kind, value in identity.named]
        corpus.studies.begin(row, participant, consent, way, names)
        return cls(corpus, study, way)

    @staticmethod
    def check_new(corpus: Corpus, study: LoadedStudy, identity: Identity) -> None:
        """Raise ParticipationError, before anything is asked, for a person who took part in the study or is in it."""
        _known(corpus, study, identity)

    @classmethod
    def resume(
        cls, corpus: Corpus, study: LoadedStudy, identifier: str | None = None, identity: Identity = Identity()
    ) -> Self:
        """Go on with the participation whose key is or begins with `identifier`, or the running one of this person.

        Raises:
            UnknownParticipationError: no participation has this key.
            ParticipationError: it is of another study or has ended, or it is not clear which one is meant.
        """
        row = corpus.studies.participation(identifier) if identifier else _running(corpus, study, identity)
        if row.study_sha256 != study.row.sha256:
            raise ParticipationError(
                f"participation {row.id} is in another study, or the study file has changed since; "
                "go on with the file as it was"
            )
        if row.status != "running":
            raise ParticipationError(f"participation {row.id} has ended ({row.status}); begin another one")
        return cls(corpus, study, row)

    def hold(self) -> Hold:
        """Keep other programs from going on with this participation, until the hold is released or the program ends.

        Raises:
            ParticipationError: another program has it open.
        """
        path = self._corpus.path
        try:
            return Hold(path.with_name(f"{path.name}-sittings"), self.id)
        except TakenError as error:
            raise ParticipationError(
                f"participation {self.id} is open in another program; go on there, or close it first"
            ) from error

    @property
    def id(self) -> str:
        """The key of the participation."""
        return self.row.id

    @property
    def traces(self) -> bool:
        """Whether the person agreed that it is kept how messages are typed."""
        consents = self._records.consents(self.row.participant_id)
        return any(each.traces and each.study_sha256 == self.row.study_sha256 for each in consents)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of this person's way, in their order; before the assignment those of everybody."""
        study = self.study.study
        guessed = bool(self.study.questions)
        talks = self._talks()
        asked, twice = (BEFORE, bool(study.questionnaires.before)), guessed and study.guesses.twice
        # Between two guesses of the same question others are asked, so that the first is not remembered.
        before = ((GUESSES_BEFORE, True), asked, (GUESSES_AGAIN, True)) if twice else (asked, (GUESSES_BEFORE, guessed))
        every = (
            (INTAKE, bool(study.questionnaires.intake)),
            *before,
            (CONVERSATION, talks),
            (GUESSES_AFTER, guessed),
            (AFTER, bool(study.questionnaires.after)),
            (DEBRIEFING, True),
        )
        return tuple(name for name, has_it in every if has_it)

    @property
    def stage(self) -> str | None:
        """The stage that is not done yet; None at the end."""
        done = {row.name for row in self._records.stages(self.id) if row.ended_at is not None}
        return next((name for name in self.stages if name not in done), None)

    def next_step(self) -> Step:
        """Return what is to be done next, and note that its stage is entered; assign a condition after the intake."""
        if self.row.status != "running":
            return Ended(self.row.status, self._code())
        stage = self.stage
        if stage != INTAKE and self.row.condition is None:
            self._assign()
            stage = self.stage
        if stage is None:
            self._end()
            return Ended(self.row.status, self._code())
        self._records.enter(self.id, stage)
        if stage in (INTAKE, BEFORE, AFTER):
            sheets = self._sheets(stage)
            if any(sheet.items for sheet in sheets):
                return Questionnaire(stage, sheets)
            self.finish(stage)
            return self.next_step()
        if stage in (GUESSES_BEFORE, GUESSES_AGAIN, GUESSES_AFTER):
            step = self._guessing(stage)
            if step.missing:
                return step
            self.finish(stage)
            return self.next_step()
        assert self.row.condition is not None
        condition = self.study.condition(self.row.condition)
        conversation = self._records.conversation_of(self.id)
        if stage == CONVERSATION:
            return Talk(self.study.personas[condition.name], condition.people, conversation)
        return Debriefing(condition.name, condition.people, people_asked_of(self.study, condition.name), conversation)

    def answer(self, asked: AskedItem, given: str | float | None, seconds: float | None = None) -> bool:
        """Store an answer: the code of a choice, a number, or words; None where the person prefers not to say.

        It replaces an earlier one. Return whether the item is to be asked again: the answer is wrong, and not the last
        that the item allows. Whoever breaks off there is not asked again.

        Raises:
            ParticipationError: the item cannot be answered so; the message says how.
        """
        row = answer_row(self.id, asked, given, seconds)
        self._records.answer([row])
        self._tried[row.stage, row.instrument, row.item] += 1
        wrong = asked.item.is_right(row.code, row.value) is False and not row.declined
        return wrong and self._tried[row.stage, row.instrument, row.item] < (asked.item.tries or 1)

    def guess(self, step: Guessing, question: Question, percent: Sequence[float], seconds: float | None = None) -> None:
        """Store what the person guesses of a question: a percentage for each option, in the survey's order.

        Raises:
            ParticipationError: a number is below 0, or they do not sum to 100.
        """
        row = GuessRow(
            participation_id=self.id,
            stage=step.stage,
            survey_sha256=self.study.survey.sha256,
            question=question.id,
            place=step.questions.index(question) + 1,
            shares=shares_of(percent),
            seconds=seconds,
        )
        self._records.guess([row])

    def attach(self, conversation: ConversationRow) -> None:
        """Store that a conversation is the one of this participation; call it before anything is said in it."""
        self._records.attach(self.id, conversation)

    def finish(self, stage: str) -> None:
        """Store that a stage is done."""
        self._records.leave(self.id, stage)

    def leave(self, why: str | None = None) -> Ended:
        """End the participation before its end, because the person wants to leave. It cannot be resumed."""
        self._records.end(self.id, "left", why)
        self.row = self._records.participation(self.id)
        return Ended(self.row.status, self._code())

    def _assign(self) -> None:
        study = self.study.study
        answers = {f"{row.instrument}.{row.item}": row for row in self._records.answers(self.id)}
        stratum = "; ".join(_said(answers.get(each)) for each in study.assignment.by)
        names = [condition.name for condition in study.conditions]
        choose = first_free_slot(
            study.assignment,
            names,
            self.row.study_sha256,
            site=site_of(self._corpus.path),
            stratum=stratum,
            now=now(),
        )
        self.row = self._records.assign(self.id, choose)

    def _end(self) -> None:
        wrong, limit = self._wrong(), self.study.study.wrong_at_most
        if limit is not None and wrong > limit:
            self._records.end(self.id, "excluded", f"{pluralize(wrong, 'wrong answer')} to items with a correct one")
        else:
            self._records.end(self.id, "complete")
        self.row = self._records.participation(self.id)

    def _wrong(self) -> int:
        """Return how many items with a correct answer were answered otherwise."""
        items = {
            (loaded.instrument.name, item.id): item
            for loaded in self.study.instruments.values()
            for item in loaded.instrument.items
        }
        rows = self._records.answers(self.id)
        return sum(items[row.instrument, row.item].is_right(row.code, row.value) is False for row in rows)

    def _code(self) -> str | None:
        codes = self.study.study.codes
        return {"complete": codes.complete, "excluded": codes.excluded, "left": codes.left}.get(self.row.status)

    def _sheets(self, stage: str) -> tuple[Sheet, ...]:
        """Return the sheets of a stage with the items that are not answered."""
        asked = self.study.study.questionnaires
        names = {INTAKE: asked.intake, BEFORE: asked.before, AFTER: asked.after}[stage]
        answered = {(row.instrument, row.item) for row in self._records.answers(self.id) if row.stage == stage}
        people = self._people()
        sheets, place = [], 0
        for name in names:
            instrument = self.study.instruments[name].instrument
            if instrument.about_conversation and not self._talks():
                continue
            items = []
            for item in instrument.items:
                place += 1
                if (instrument.name, item.id) not in answered:
                    text = filled(item.text, people)
                    items.append(AskedItem(stage, instrument.name, item, text, self._order(item), place))
            introduction = instrument.introduction and filled(instrument.introduction, people)
            sheets.append(Sheet(instrument, introduction, tuple(items)))
        return tuple(sheet for sheet in sheets if sheet.items)

    def _talks(self) -> bool:
        """Return whether the person talks with a persona; before the assignment everybody may."""
        return self.row.condition is None or study_talks(self.study, self.row.condition)

    def _people(self) -> str:
        return "people" if self.row.condition is None else self.study.condition(self.row.condition).people

    def _order(self, item: Item) -> tuple[Choice, ...]:
        """Return the options in this person's order, which stays the same when the participation is resumed."""
        if not item.shuffle:
            return item.choices
        return tuple(random.Random(f"{self.id} {item.id}").sample(item.choices, len(item.choices)))

    def _guessing(self, stage: str) -> Guessing:
        questions = self.study.questions
        order = random.Random(f"{self.id} {stage}").sample(questions, len(questions))
        guessed = frozenset(row.question for row in self._records.guesses(self.id) if row.stage == stage)
        return Guessing(stage, self._people(), tuple(order), guessed)


def study_talks(study: LoadedStudy, condition: str) -> bool:
    """Return whether people of a condition talk with a persona: those of a control group do not."""
    return study.condition(condition).persona is not None


def _known(corpus: Corpus, study: LoadedStudy, identity: Identity) -> ParticipantRow | None:
    """Return the participant whom an earlier study knows by an identifier.

    Raises:
        ParticipationError: the person has taken part in this study, or is in it.
    """
    for kind, value in identity.named:
        for participant in corpus.studies.identified(kind, value):
            for way in corpus.studies.participations_of(participant.id):
                if way.study_sha256 != study.row.sha256:
                    continue
                if way.status == "running":
                    raise ParticipationError(
                        f"{quoted(value)} is in this study already; go on with: --resume --participation {way.id}"
                    )
                raise ParticipationError(
                    f"{quoted(value)} took part in this study on {way.started_at:%Y-%m-%d} ({way.status}); "
                    "people take part once"
                )
            return participant
    return None


def _running(corpus: Corpus, study: LoadedStudy, identity: Identity) -> ParticipationRow:
    """Return the one running participation in a study, of the person if one is named."""
    rows = [row for row in corpus.studies.participations(study.row.sha256) if row.status == "running"]
    if identity.named:
        people = {
            participant.id for kind, value in identity.named for participant in corpus.studies.identified(kind, value)
        }
        rows = [row for row in rows if row.participant_id in people]
    if not rows:
        raise ParticipationError("there is no participation to go on with; begin one without --resume")
    if len(rows) > 1:
        named = ", ".join(row.id for row in rows[-3:])
        raise ParticipationError(
            f"{pluralize(len(rows), 'participation')} are not done; name one with --participation: {named}"
        )
    return rows[0]


def _said(row: AnswerRow | None) -> str:
    """Return by which answer a person is assigned."""
    return "" if row is None or row.declined else row.code or ""
