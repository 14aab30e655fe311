"""The understanding gap: what participants of a study learnt about a group, and what only about its persona.

A participant guesses how a group answered each of several questions, talks with a persona of the group, and guesses
again. With g0 and g1 the guesses, h the people's figures and m the persona's measured answers, all of them shares over
a question's options,

    g1 - g0 = a (h - g0) + b (m - g0) + error

over options, questions and participants, by least squares without a constant. a is the part of the way to the people
that the guesses went, b the part of the way to the persona.

**Intervals.** Participants and questions are crossed: the errors of a participant go together, and so do those of a
question and those of the options in one guess. Options and guesses are therefore never counted as independent. The
variance is the sum of the jackknife variances over participants and over questions less that over single guesses, which
both contain (Cameron, Gelbach and Miller 2011, "Robust Inference with Multiway Clustering"), and at least the larger of
the two (MacKinnon, Nielsen and Webb 2024, "Jackknife inference with two-way clustering"). The interval takes Student's
t with the smaller number of clusters less 1. `benchmarks/simulations/understanding.py` chose this. With 30 participants
and 10 questions the same sum of the usual cluster-robust variances covers too little, 88% to 94%. Resampling
participants and questions at once counts the error of a single guess three times (Owen 2007, "The pigeonhole
bootstrap"): it covers up to 98% where people and persona correlate.

**Noise in the first guess.** g0 stands on both sides. A guess that came out too high by chance comes out lower the next
time, and that looks like learning: with a guess that is the belief plus an error, a + b comes out too high. See
`understanding_gap` for the three remedies, and docs/understanding.md for how large it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from eval.answers import FloatArray
from eval.scoring.metrics import alignment, scale_of
from eval.scoring.results import Part

LEVEL = 0.95
LEAST_PARTICIPANTS = 10
"""Under this number of participants nothing is estimated: the simulated intervals were not tried with fewer."""
LEAST_QUESTIONS = 5
"""Under this number of questions nothing is estimated, for the same reason."""
MOST_CONDITION = 30.0
"""Condition beyond which people and persona are one line from the guesses (Belsley, Kuh and Welsch 1980, 3.2)."""
_SUM_TOLERANCE = 0.01
"""By how much the shares of a guess may miss 1: people write rounded percentages."""
_MOST_APPARENT = 0.9
"""Part of the way that the control group may seem to go; beyond it a guess says next to nothing about the belief."""

Shares = Mapping[str, Mapping[str, FloatArray]]
"""Guessed shares over the options of a question, by participant and question. What was not guessed is absent."""
Noise = Literal["ignored", "given", "second guess", "control"]
"""What was done about the noise in the first guess."""


class StudyError(ValueError):
    """Data that cannot be right. The message is one sentence that names the participant and the question."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to learn about one question: three arrays with a value per option, in the same order.

    `people` are the shares of the group's people, `persona` those measured on the persona (each sums to 1), `ordinals`
    the values of the options on their scale.
    """

    people: FloatArray
    persona: FloatArray
    ordinals: FloatArray

    def normalised(self) -> "Figures":
        """Return the same with shares that sum to 1 although they were rounded."""
        return Figures(self.people / self.people.sum(), self.persona / self.persona.sum(), self.ordinals)


@dataclass(frozen=True, slots=True)
class Guesses:
    """What the participants of one group of a study guessed, and how well they felt they understood.

    `again` is a second guess before the conversation, for studies that ask twice. `felt_before` and `felt_after` are
    ratings by participant, on whatever scale the study used.
    """

    before: Shares
    after: Shares
    again: Shares = field(default_factory=dict)
    felt_before: Mapping[str, float] = field(default_factory=dict)
    felt_after: Mapping[str, float] = field(default_factory=dict)


class Estimate(Part):
    """A value with its 95% interval."""

    value: float
    """The value."""
    low: float
    """The lower end of the interval."""
    high: float
    """The upper end."""


class UnderstandingGap(Part):
    """What participants learnt, with how accurate their guesses were and how they felt beside it.

    Accuracy is the alignment (0 to 1) of a guess with the people, over guesses to questions whose options have an
    order. Noise in the guesses lowers it before and after alike, so that its change is 0 on average where nothing was
    learnt.
    """

    a: Estimate | None
    """The part of the way to the people that the guesses went; null with the reason in `why_null`."""
    b: Estimate | None
    """The part of the way to the persona, null likewise."""
    why_null: str | None
    """Why there is no `a` and no `b`."""
    condition: float | None
    """The condition of the two regressors: 1 where they are perpendicular and equally long, infinite (in JSON null)
    where they are the same line; null without guesses."""
    noise: Noise
    """What was done about the noise in the first guess: `ignored`, `given`, `second guess` or `control`."""
    accuracy_before: Estimate | None
    """The accuracy of the guesses before the conversation."""
    accuracy_after: Estimate | None
    """The accuracy of those after it."""
    accuracy_change: Estimate | None
    """The change in accuracy."""
    felt_before: Estimate | None
    """Felt understanding before, in the units of the ratings."""
    felt_after: Estimate | None
    """Felt understanding after."""
    felt_change: Estimate | None
    """Its change."""
    participants: int
    """Those who have both guesses to at least one question."""
    questions: int
    """The questions that they guessed."""
    pairs: int
    """The guesses in pairs."""
    participants_left_out: int
    """Participants who began and have no such pair."""
    guesses_left_out: int
    """Single guesses of the others."""

    @property
    def felt_rose_accuracy_fell(self) -> bool:
        """Whether both are shown: felt understanding rose and accuracy fell, each with an interval that excludes 0."""
        felt, accuracy = self.felt_change, self.accuracy_change
        return felt is not None and accuracy is not None and felt.low > 0 and accuracy.high < 0


class AgainstControl(Part):
    """a and b beside a control group that did not talk with the persona, all without other remedies for noise.

    All estimates are null with the reason in `why_null`.
    """

    a: Estimate | None
    """`a`, corrected in full for what guessing twice does by itself."""
    b: Estimate | None
    """`b`, corrected in full."""
    a_difference: Estimate | None
    """The plain difference between the groups: 0 on average where nothing was learnt, but too low where something was,
    by (a + b) times what the control group shows."""
    b_difference: Estimate | None
    """The same of `b`."""
    a_control: Estimate | None
    """What guessing twice does to `a` by itself."""
    b_control: Estimate | None
    """What it does to `b`."""
    why_null: str | None
    """Why there are no estimates."""
    participants: int
    """Those who talked and guessed twice."""
    control_participants: int
    """Those of the control group who guessed twice."""
    questions: int
    """The questions that both groups guessed."""


def understanding_gap(figures: Mapping[str, Figures], guesses: Guesses, noise: float = 0.0) -> UnderstandingGap:
    """Estimate what the participants learnt about the people (a) and about the persona's rendering (b).

    `figures` are by question. The noise in the first guess is taken out in one of two ways; the third is
    `against_control`.

    - Where `guesses.again` has second guesses, each first guess is the instrument of the other: only what both share
      counts (two measurements: Fuller 1987, "Measurement Error Models", section 1.4). Only pairs with a second guess
      are used. The errors of the two must be independent: who remembers a first guess repeats its error.
    - `noise` is the expected sum over the options of a question of the squared error of a first guess, such as 0.03.
      It is taken out of the sums of squares (Fuller 1987, section 2.2). Without data about it, see how a and b change
      with several values.

    Raises StudyError where shares do not fit the options, are negative or do not sum to 1; for a rating that is not a
    number; and for a noise below 0, or beside second guesses, which say it themselves.
    """
    twice = bool(guesses.again)
    if noise < 0 or (noise and twice):
        raise StudyError(f"The noise is a sum of squares and is not given beside second guesses: it cannot be {noise}.")
    table = _Table.of(figures, guesses, twice)
    moments, condition, why_null = _moments(table, noise), None, table.too_few()
    if table.pairs:
        condition, singular = _condition(moments)
        why_null = why_null or singular
    a, b = (None, None) if why_null else _crossed(moments, table.freedom, _coefficients)
    before, after, change = _accuracy(table)
    felt_before, felt_after, felt_change = _felt(guesses)
    return UnderstandingGap(
        a=a,
        b=b,
        why_null=why_null,
        condition=condition,
        noise="second guess" if twice else "given" if noise else "ignored",
        accuracy_before=before,
        accuracy_after=after,
        accuracy_change=change,
        felt_before=felt_before,
        felt_after=felt_after,
        felt_change=felt_change,
        participants=len(table.participants),
        questions=len(table.questions),
        pairs=table.pairs,
        participants_left_out=len(guesses.before.keys() | guesses.after.keys()) - len(table.participants),
        guesses_left_out=table.single,
    )


def against_control(figures: Mapping[str, Figures], guesses: Guesses, control: Guesses) -> AgainstControl:
    """Estimate a and b with the noise of guesses taken from a control group that did not talk with the persona.

    Let the control group seem to learn (ka, kb), and k = ka + kb. Noise of the same size moves the estimates of those
    who talked by (1 - a - b) (ka, kb), because a guess that follows the persona in full forgets the first error. So
    with (A, B) their plain estimates, a = A - ka (1 - A - B) / (1 - k), and b likewise. This holds where the groups
    were drawn by lot, so that beliefs and noise are alike, and where only noise moves the control group on average.

    Only questions that both groups answered are used; they are left out together, in both groups, by the jackknife.
    Raises StudyError as `understanding_gap` does, and for a participant who is in both groups.
    """
    if both := sorted(guesses.before.keys() & control.before.keys()):
        raise StudyError(f"Participant {both[0]} is in both groups.")
    for of in (guesses, control):
        _check(figures, of.before, of.after)
    shared = {each for _, each in _paired(guesses)} & {each for _, each in _paired(control)}
    asked = {name: each for name, each in figures.items() if name in shared}
    ours, theirs = (_Table.of(asked, _only(each, asked)) for each in (guesses, control))
    why_null = ours.too_few() or theirs.too_few("control group: ")
    sums = [_moments(table, 0.0) for table in (ours, theirs)]
    why_null = why_null or _condition(sums[0])[1] or _condition(sums[1])[1]
    if not why_null and float(_coefficients(sums[1].sum(axis=(0, 1))[None]).sum()) > _MOST_APPARENT:
        why_null = "the first guesses of the control group are nearly all noise"
    found: tuple[Estimate | None, ...] = (None,) * 6
    if not why_null:
        cells = np.zeros((len(ours.participants) + len(theirs.participants), len(ours.questions), 12))
        cells[: len(ours.participants), :, :6], cells[len(ours.participants) :, :, 6:] = sums
        found = _crossed(cells, min(ours.freedom, theirs.freedom), _beside_control)
    return AgainstControl(
        a=found[0],
        b=found[1],
        a_difference=found[2],
        b_difference=found[3],
        a_control=found[4],
        b_control=found[5],
        why_null=why_null,
        participants=len(ours.participants),
        control_participants=len(theirs.participants),
        questions=len(ours.questions),
    )


def _paired(guesses: Guesses) -> list[tuple[str, str]]:
    """Return participant and question of all guesses before that have one after."""
    return [
        (participant, question)
        for participant, asked in guesses.before.items()
        for question in asked
        if question in guesses.after.get(participant, {})
    ]


def _only(guesses: Guesses, figures: Mapping[str, Figures]) -> Guesses:
    """Return the guesses before and after to the questions in `figures`."""
    before, after = (
        {
            participant: {name: each for name, each in asked.items() if name in figures}
            for participant, asked in of.items()
        }
        for of in (guesses.before, guesses.after)
    )
    return Guesses(before, after)


@dataclass(frozen=True, slots=True)
class _Table:
    """All pairs of guesses in arrays of shape (participants, questions, options), 0 where there is no guess or option.

    `there` (participants, questions) says where a pair is. `again` is `before` where nobody was asked twice.
    """

    participants: tuple[str, ...]
    questions: tuple[str, ...]
    figures: tuple[Figures, ...]
    there: NDArray[np.bool_]
    before: FloatArray
    again: FloatArray
    after: FloatArray
    single: int

    @classmethod
    def of(cls, figures: Mapping[str, Figures], guesses: Guesses, twice: bool = False) -> "_Table":
        """Check the guesses and arrange the complete pairs, in the order of the names."""
        given = [guesses.before, guesses.after, *([guesses.again] if twice else [])]
        _check(figures, *given)
        pairs = [pair for pair in _paired(guesses) if not twice or pair[1] in guesses.again.get(pair[0], {})]
        participants = tuple(sorted({participant for participant, _ in pairs}))
        questions = tuple(sorted({question for _, question in pairs}))
        rows = {name: row for row, name in enumerate(participants)}
        columns = {name: column for column, name in enumerate(questions)}
        width = max((len(figures[name].people) for name in questions), default=0)
        there = np.zeros((len(participants), len(questions)), dtype=np.bool_)
        arrays = [np.zeros((*there.shape, width)) for _ in given]
        for participant, question in pairs:
            place = rows[participant], columns[question]
            there[place] = True
            for array, shares in zip(arrays, given, strict=True):
                guess = shares[participant][question]
                array[place][: len(guess)] = guess
        arrays = [array / np.where(there, array.sum(axis=-1), 1.0)[..., None] for array in arrays]
        before, after, again = arrays[0], arrays[1], arrays[-1] if twice else arrays[0]
        guessed = sum(len(asked) for shares in given for name, asked in shares.items() if name in rows)
        return cls(
            participants,
            questions,
            tuple(figures[name].normalised() for name in questions),
            there,
            before,
            again,
            after,
            guessed - len(given) * len(pairs),
        )

    @property
    def pairs(self) -> int:
        """How many pairs of guesses there are."""
        return int(np.count_nonzero(self.there))

    @property
    def freedom(self) -> int:
        """The degrees of freedom: the smaller number of clusters less 1."""
        return min(len(self.participants), len(self.questions)) - 1

    def too_few(self, who: str = "") -> str | None:
        """Say what there is too little of, None if there is enough."""
        if len(self.participants) < LEAST_PARTICIPANTS:
            return f"{who}fewer than {LEAST_PARTICIPANTS} participants guessed before and after"
        if len(self.questions) < LEAST_QUESTIONS:
            return f"{who}fewer than {LEAST_QUESTIONS} questions were guessed before and after"
        return None

    def padded(self, values: list[FloatArray]) -> FloatArray:
        """Return one array of shares per question, shape (questions, options), 0 where there is no option."""
        table = np.zeros((len(self.questions), self.before.shape[-1]))
        for row, each in zip(table, values, strict=True):
            row[: len(each)] = each
        return table


def _check(figures: Mapping[str, Figures], *guessed: Shares) -> None:
    """Raise StudyError for the first figures or the first guess that cannot be right."""
    for question, each in figures.items():
        if not (_whole(each.people) and _whole(each.persona)):
            raise StudyError(f"The figures of question {question} are not distributions: shares that sum to 1.")
        if not each.people.shape == each.persona.shape == each.ordinals.shape:
            raise StudyError(f"The figures of question {question} do not have the same number of options.")
    for participant, question, guess in (
        (participant, question, guess)
        for shares in guessed
        for participant, asked in shares.items()
        for question, guess in asked.items()
    ):
        where = f"The guess of participant {participant} to question {question}"
        if question not in figures:
            raise StudyError(f"{where} has no figures to compare with.")
        if guess.shape != figures[question].people.shape:
            raise StudyError(f"{where} has {guess.size} shares for {figures[question].people.size} options.")
        if not _whole(guess):
            raise StudyError(f"{where} is not a distribution: shares from 0 to 1 that sum to 1.")


def _whole(shares: FloatArray) -> bool:
    values: list[float] = shares.tolist()  # a study has thousands of short guesses: a list is faster than the array
    return all(value >= 0 for value in values) and abs(sum(values) - 1) <= _SUM_TOLERANCE


def _moments(table: _Table, noise: float) -> FloatArray:
    """Return what each pair adds to the normal equations, shape (participants, questions, 6).

    These are the products of instruments with regressors (hh, hm, mh, mm) and with the change of the guess (h, m),
    summed over options. A single guess before is its own instrument; then its noise is in every product. Of two, each
    is the instrument of the other, and the mean of both ways is taken.
    """
    h = table.padded([each.people for each in table.figures])
    m = table.padded([each.persona for each in table.figures])
    total = np.zeros((*table.there.shape, 6))
    for guess, other in ((table.before, table.again), (table.again, table.before)):
        regressors, instruments = (h - guess, m - guess), (h - other, m - other)
        change = table.after - guess
        products = [(z * x).sum(axis=-1) for z in instruments for x in regressors]
        total += np.stack([*products, *((z * change).sum(axis=-1) for z in instruments)], axis=-1) / 2
    return np.asarray(np.where(table.there[..., None], total - noise, 0.0), dtype=np.float64)


def _condition(moments: FloatArray) -> tuple[float, str | None]:
    """Return the condition of the regressors, and why nothing can be estimated, if so.

    That is, too, where it fails without one of the questions: the jackknife has then nothing to compare with.
    """
    total = moments.sum(axis=(0, 1))
    condition, why = _condition_of(total)
    without = [_condition_of(total - question)[1] for question in moments.sum(axis=0)]
    return condition, why or next((f"without one of the questions, {each}" for each in without if each), None)


def _condition_of(sums: FloatArray) -> tuple[float, str | None]:
    mean = np.array([[sums[0], (sums[1] + sums[2]) / 2], [(sums[1] + sums[2]) / 2, sums[3]]])
    low, high = np.linalg.eigvalsh(mean).tolist()
    if not sums.any():
        return float("inf"), "the first guesses, the people and the persona are all alike"
    if high <= 0 or low < -1e-9 * high:
        return float("inf"), "the noise of the guesses is as large as their distance from the figures"
    condition = (high / low) ** 0.5 if low > 0 else float("inf")
    if condition > MOST_CONDITION:
        return (
            condition,
            "people and persona lie in one direction from the guesses, so that a and b cannot be told apart",
        )
    return condition, None


def _coefficients(sums: FloatArray) -> FloatArray:
    """Solve the normal equations of several sums of moments at once: (n, 6) to (n, 2) with a and b."""
    hh, hm, mh, mm, h, m = np.moveaxis(sums, -1, 0)
    determinant = hh * mm - hm * mh
    return np.stack([(mm * h - hm * m) / determinant, (hh * m - mh * h) / determinant], axis=-1)


def _beside_control(sums: FloatArray) -> FloatArray:
    """Return corrected a and b, their plain differences from the control group, and those of the control group."""
    ours, control = _coefficients(sums[:, :6]), _coefficients(sums[:, 6:])
    part = (1 - ours.sum(axis=-1, keepdims=True)) / (1 - control.sum(axis=-1, keepdims=True))
    return np.concatenate([ours - control * part, ours - control, control], axis=-1)


def _crossed(cells: FloatArray, freedom: int, statistic: Callable[[FloatArray], FloatArray]) -> tuple[Estimate, ...]:
    """Return estimates with intervals that allow for crossed participants and questions.

    `cells` (participants, questions, f) add up to what `statistic` maps from (n, f) to (n, values). The jackknife
    leaves out each participant, each question, and each cell. Its sums of squares stay whole, without (G - 1)/G, as
    in CR3 of Bell and McCaffrey (2002).
    """
    total = cells.sum(axis=(0, 1))
    values = statistic(total[None])[0]
    by_participant, by_question, by_cell = (
        ((statistic(total - without) - values) ** 2).sum(axis=0)
        for without in (cells.sum(axis=1), cells.sum(axis=0), cells.reshape(-1, cells.shape[-1]))
    )
    variance = np.maximum(by_participant + by_question - by_cell, np.maximum(by_participant, by_question))
    return intervals(values, np.sqrt(variance), freedom)


def intervals(values: FloatArray, errors: FloatArray, freedom: int) -> tuple[Estimate, ...]:
    """Return each value with Student's 95% interval, from its standard error and the degrees of freedom."""
    reach = errors * float(stdtrit(freedom, (1 + LEVEL) / 2))
    return tuple(
        Estimate(value=value, low=value - each, high=value + each)
        for value, each in zip(values.tolist(), reach.tolist(), strict=True)
    )


def _accuracy(table: _Table) -> tuple[Estimate | None, ...]:
    """Return the mean alignment of guesses with the people before and after, and its change; None with too few."""
    cells = np.zeros((*table.there.shape, 4))
    for column, each in enumerate(table.figures):
        scale, options = scale_of(each.ordinals.tolist()), len(each.people)
        before, after = (
            alignment(guess[:, column, :options], each.people, scale) for guess in (table.before, table.after)
        )
        cells[:, column] = np.stack([np.ones(len(before)), before, after, after - before], axis=-1)
    cells[~table.there | np.isnan(cells).any(axis=-1)] = 0.0
    used = cells[..., 0] > 0
    participants, questions = int(used.any(axis=1).sum()), int(used.any(axis=0).sum())
    if participants < LEAST_PARTICIPANTS or questions < LEAST_QUESTIONS:
        return None, None, None
    return _crossed(cells, min(participants, questions) - 1, lambda sums: sums[:, 1:] / sums[:, :1])


def _felt(guesses: Guesses) -> tuple[Estimate | None, ...]:
    """Return the mean ratings before and after, and their change, of participants who gave both; None with too few."""
    both = sorted(guesses.felt_before.keys() & guesses.felt_after.keys())
    if len(both) < LEAST_PARTICIPANTS:
        return None, None, None
    before, after = (np.array([felt[name] for name in both]) for felt in (guesses.felt_before, guesses.felt_after))
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise StudyError("A rating of felt understanding is not a number; leave it out instead.")
    ratings = np.column_stack([before, after, after - before])
    errors = ratings.std(axis=0, ddof=1) / len(both) ** 0.5
    return intervals(ratings.mean(axis=0), errors, len(both) - 1)
