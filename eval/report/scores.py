"""The scores of a report over questions, and what they are to be read beside."""

from eval.report.parts import GroupName, Part, Score


class ScoreSet(Part):
    """The scores over all questions answered, or over the valid ones."""

    alignment: Score | None
    """1 - WD/span: 1 when the distributions are equal."""
    total_variation: Score | None
    """Half the sum of absolute differences: 0 when the distributions are equal."""
    skill: Score | None
    """0: no better than answering as everyone; 1: as close as a second sample of the group."""
    refusal: Score | None
    """The persona's share of refusals."""
    human_refusal: Score | None
    """The people's share of refusals."""
    label_mass: Score | None
    """The probability that the model gives to all answer labels together."""
    order_bias: Score | None
    """Total variation between the distributions of the two option orders."""
    entropy_ratio: Score | None
    """The persona's entropy relative to the people's: far below 1 is mode collapse."""


class TopicInfo(Part):
    """The scores over the questions of one topic."""

    topic: str
    """The topic's name in the survey."""
    questions: int
    """How many answered questions are about it."""
    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""


class Difference(Part):
    """Reference minus persona on the same questions."""

    alignment: Score | None
    """Below 0: the persona is closer to the people than the reference."""
    total_variation: Score | None
    """Above 0: the persona is closer to the people than the reference."""


class Reference(Part):
    """What a prediction that needs no model would have scored."""

    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""
    minus_persona: Difference
    """Paired differences from the persona."""


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


class OppositeDifference(Part):
    """With the opposite group minus with its own, on the same questions."""

    alignment: Score | None
    """Below 0: the persona is closer to its own group."""
    total_variation: Score | None
    """Above 0: the persona is closer to its own group."""


class OppositeInfo(GroupName):
    """How close the persona is to the opposite group: the value of its attribute that is farthest from its own."""

    alignment: Score | None
    """As in `scores`, against the opposite group's figures."""
    total_variation: Score | None
    """As in `scores`, against the opposite group's figures."""
    minus_own: OppositeDifference | None = None
    """Paired differences from the persona's scores with its own group; null in older reports."""


class NearestInfo(GroupName):
    """One group in the ranking of all groups with figures."""

    alignment: Score
    """The persona's alignment with this group over the questions that all groups have in common."""
    tied: bool
    """Whether it cannot be told from the nearest group; true for the nearest itself."""
