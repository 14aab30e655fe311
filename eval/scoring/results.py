"""What scoring returns: scores with their intervals, over all questions, by topic, by reference point and by group.

Reports, matrices and comparisons are made of the same objects, so what was computed is what is written. None, `null` in
JSON, means that a figure is not defined; docs/measures.md defines each measure.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from personas import Group

ROUNDING = 1e-12
"""Differences up to this size are rounding errors of sums."""
SIGNIFICANT = 0.05
"""A p-value below this is significant."""


class Part(BaseModel):
    """A part of a document: every key is always there, no other is allowed, and each has a docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Document(Part):
    """A whole document, which is written as JSON."""

    def to_json(self) -> str:
        """Return the document, indented, with all keys in their order."""
        return self.model_dump_json(by_alias=True, indent=2)


class Score(Part):
    """A score over questions with its 95% interval, made by resampling questions."""

    mean: float
    """The mean over the questions in which it is defined; for `skill` and `entropy_ratio` a ratio of two means."""
    low: float | None
    """The lower end of the interval, null under 20 questions."""
    high: float | None
    """The upper end of the interval, null under 20 questions."""

    @property
    def bounded(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None

    @property
    def includes_zero(self) -> bool:
        """Whether 0 cannot be ruled out: it lies in the interval, or there is no interval."""
        return self.low is None or self.high is None or (self.low <= ROUNDING and self.high >= -ROUNDING)


class PairedScore(Score):
    """The mean of paired differences over questions, with its 95% interval and a test."""

    p: float | None = None
    """Two-sided p-value of the sign-flip test; null in older reports."""

    @property
    def detectable(self) -> bool:
        """Whether interval and test agree that the difference is not chance; without a p-value the interval alone.

        False without an interval.
        """
        return not self.includes_zero and (self.p is None or self.p < SIGNIFICANT)


class Scores(Part):
    """The scores over all questions answered, or over the valid ones."""

    alignment: Score | None
    """1 - WD/span: 1 when the distributions are equal."""
    total_variation: Score | None
    """Half the sum of absolute differences: 0 when the distributions are equal."""
    skill: Score | None
    """0: no better than answering as everyone else; 1: as close as a new sample of the group."""
    refusal: Score | None
    """The persona's share of refusals."""
    human_refusal: Score | None
    """The people's share of refusals."""
    label_mass: Score | None
    """The probability that the model gives to all answer labels together."""
    order_bias: Score | None
    """Total variation between the distributions of two option orders, the mean over their pairs."""
    entropy_ratio: Score | None
    """The spread ratio: the persona's entropy relative to the people's; far below 1 is mode collapse."""
    worth: Score | None = None
    """Worth in people: the size of a random sample of the group that is as close; null in older reports."""


class TopicScore(Part):
    """The scores over the questions of one topic; a question with several topics counts in each."""

    topic: str
    """The topic's name in the survey."""
    questions: int
    """How many answered questions are about it."""
    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""


class Difference(Part):
    """A paired difference: question by question, over the questions in which both have a value."""

    alignment: PairedScore | None
    """The difference in alignment."""
    total_variation: PairedScore | None
    """The difference in total variation."""


class Reference(Part):
    """What a prediction that needs no model would have scored."""

    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""
    worth: Score | None = None
    """As in `scores`; null for the noise floor and in older reports."""
    minus_persona: Difference
    """Reference minus persona. Alignment below 0 and total variation above 0: the persona is closer to the people."""


class References(Part):
    """The reference points without which no score should be read."""

    uniform: Reference | None
    """The same share for every option."""
    population: Reference | None
    """What everyone in the survey answered."""
    opposite: Reference | None
    """What the opposite group answered; null without one."""
    noise_floor: Reference | None
    """What a second sample of the same people would answer; null without counts."""
    letters: Reference | None = None
    """Every question answered with the mean letter shares of the other questions: what the letters alone would say.
    Null without several option orders, and in older reports."""


class LettersRemoved(Part):
    """A second estimate beside the score: how close the answers are without the model's habit of choosing letters."""

    questions: int
    """How many questions have this estimate: answered in several option orders, every option with a share above 0 in
    each, and at least 4 others with as many options, or every option in every place equally often."""
    alignment: Score | None
    """As in `scores`, over these questions."""
    total_variation: Score | None
    """As in `scores`, over these questions."""
    minus_score: Difference
    """Letters removed minus the score, paired by question. Alignment above 0 and total variation below 0: without the
    letters the persona is closer to the people."""


class EntropyThird(Part):
    """A third of the questions, by how divided the people are: models do worst where people disagree."""

    third: Literal["agree", "between", "divided"]
    """`agree`: the third with the lowest human entropy; `divided`: the third with the highest."""
    low: float
    """The lowest human entropy in it, as a share of that of even answers: 0 to 1."""
    high: float
    """The highest."""
    questions: int
    """How many questions it has."""
    persona: Score | None
    """The persona's alignment."""
    population: Score | None
    """The alignment of everyone's answers."""
    uniform: Score | None
    """The alignment of even answers."""


EffectFinding = Literal[
    "not_steered", "flattened", "as_the_group", "caricature", "moves_away", "too_few_questions", "group_not_apart"
]


class Effect(Part):
    """What the persona changes: its answers beside those of the same model without steering, question by question."""

    questions: int
    """How many questions both answered."""
    change: Score | None
    """Total variation between the persona's answers and the unsteered model's."""
    change_across_orders: Score | None
    """The same between an answer in one option order and an answer in another: two measurements of unlike models."""
    repeat: Score | None
    """Total variation between the persona's answers in one option order and in another: two measurements of itself."""
    change_minus_repeat: PairedScore | None
    """`change_across_orders` minus `repeat`, paired. Not above 0: the option order moves the answers as much."""
    slope: Score | None
    """The steering slope: 0 not steered, below 1 flattened, 1 as the group differs from everyone, above 1 caricature.
    Null where the group's difference from everyone may be sampling error."""
    finding: EffectFinding
    """What the interval of the slope says: `not_steered` if it includes 0, `as_the_group` if it includes 1;
    `too_few_questions` if there is none; `group_not_apart` without a slope."""
    unsteered: "Verdict | None" = None
    """Whether the unsteered model's answers to these questions are sound: if not, the slope is not shown. Null in
    reports of older versions."""

    @property
    def slope_sound(self) -> bool:
        """Whether the slope may be shown: it starts from the unsteered model's answers, which must be sound, too."""
        return self.unsteered is None or self.unsteered.sound


class GroupName(Part):
    """One value of one attribute."""

    attribute: str
    """The attribute's key, such as `POLPARTY`."""
    value: str
    """The value as the catalogue spells it, such as `Democrat`."""

    @property
    def group(self) -> Group:
        """The group of the catalogue.

        Raises:
            pydantic.ValidationError: the catalogue does not have it, as may be in a report that was edited.
        """
        return Group(attribute=self.attribute, value=self.value)


class OppositeScores(GroupName):
    """How close the persona is to the opposite group: the value of its attribute that is farthest from its own."""

    alignment: Score | None
    """As in `scores`, against the opposite group's figures."""
    total_variation: Score | None
    """As in `scores`, against the opposite group's figures."""
    minus_own: Difference | None = None
    """With the opposite group minus with its own. Alignment below 0 and total variation above 0: the persona is closer
    to its own group. Null in older reports."""
    minus_even: Difference | None = None
    """`minus_own` minus that of even answers, which may lean toward either group. Alignment below 0 and total variation
    above 0: the persona leans more toward its own group than even answers do. Null in older reports."""


class GroupSample(Part):
    """How many people the group's figures rest on, and the two ends of the scale of skill."""

    people: float
    """How many people of the group chose an option (effective, if weighted): the median over questions."""
    share: float | None
    """Their share of everyone who did (by weight, if weighted), the median over questions; null without counts."""
    everyone_else: Score | None
    """Total variation of everyone else's answers, those of all who are not of the group; null without counts."""
    sample: Score | None
    """Expected total variation of one new sample of as many people of the group; null without counts."""


class NearGroup(GroupName):
    """One group in the ranking of all groups with figures."""

    alignment: Score
    """The persona's alignment with this group over the questions that all groups have in common."""
    tied: bool
    """Whether it may be the nearest group in truth: no other is detectably nearer. True for all under 20 questions."""


class RefusedQuestion(Part):
    """A question that was answered with refusals only, while these are apart: its share of refusals is 1."""

    id: str
    """Its id in the survey."""
    human_refusal: float | None
    """The people's share of refusals."""
    label_mass: float | None
    """The probability of all labels together."""
    valid: bool
    """As in `questions`."""


def group_name(group: Group) -> GroupName:
    """Return a group as documents name it."""
    return GroupName(attribute=group.attribute, value=group.value)


Finding = Literal[
    "sound",
    "sound_with_warning",
    "given",
    "follows_letters",
    "does_not_answer",
    "judge_unreliable",
    "cannot_be_checked",
    "no_answers",
]


class Verdict(Part):
    """Whether the measurement may be shown: does the model answer the questions, or only choose letters?"""

    finding: Finding
    """`sound`; `sound_with_warning`: order agreement under 0.7; `given`: no letters were shown that could be followed;
    `follows_letters`: order agreement under 0.5 or not surely above 0; `does_not_answer`: fewer than half of the
    questions valid; `judge_unreliable`; `cannot_be_checked`: under 20 questions in both orders; `no_answers`."""
    order_agreement: Score | None
    """The correlation of the answers in two option orders, over all pairs of orders, -1 to 1; null without two."""
    valid: int
    """How many answered questions are valid."""
    answered: int
    """How many questions were answered."""
    both_orders: int
    """How many were answered in at least two option orders with something else than refusals."""
    recorded: bool = False
    """Whether `finding` is what a file of answers says of the measurement that it was saved from."""

    @property
    def sound(self) -> bool:
        """Whether its scores may be shown."""
        return self.finding in ("sound", "sound_with_warning", "given")
