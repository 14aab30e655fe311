"""The names and sentences that tables, pages, figures, the panel and the line mode share.

Each is worded here once, so that a number is called the same wherever it is shown. Nothing of `eval` is imported
before it is needed: the chat screen imports this module before it is drawn.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from chat_personas.models import BASE_MODEL
from chat_personas.reporting.numbers import DECIMALS, MISSING, Score, p_value, people, signed, with_interval
from chat_personas.reporting.verdicts import (
    marked,
)
from chat_personas.text import full_stop, pluralize, printable
from personas import attribute_of

if TYPE_CHECKING:
    from chat_personas.monitor.drift import Drift
    from chat_personas.monitor.round import Estimate
    from eval.engine import EngineInfo
    from eval.matrix.models import (
        MatrixReport,
    )
    from eval.report import (
        Calibration,
        GapInfo,
        GroupName,
        ModelInfo,
        NearGroup,
        Reference,
        Report,
    )
    from eval.scoring.results import GroupSample, OppositeScores, PairedScore, References
    from personas import Group, Persona

DEMONSTRATION = "demonstration model: says nothing about real people"
PEOPLE_HIDDEN = "people's answers are hidden until the room reveals them"
"""What every face says of the question that is being guessed."""
BASE_MODEL_SHORT = "base model"
"""Stands for `BASE_MODEL` where there is no room for it, for it must not be cut in half."""
TEMPLATE_GIVEN = "asked through the template {template}, which was given for it"
RECURRENT = "recurrent: probes one after the other, slower"
"""What is said wherever a model is named whose layers keep one state."""


def sentence(text: str) -> str:
    """Return a line as a sentence for prose: with a capital letter and a full stop."""
    return full_stop(f"{text[0].upper()}{text[1:]}")


def own_text(persona: "Persona") -> str:
    """Name the tables of a persona file that hold text of its own, `[prompt]` and `[voice]`; empty if it has none.

    The demonstration model knows the steering prompts and no other: it was trained on them.
    """
    tables = (("[prompt]", persona.prompt), ("[voice]", persona.voice))
    return " and ".join(name for name, table in tables if table is not None)


def not_followed(tables: str) -> str:
    """Say that a demonstration model follows nothing of these tables of the persona file but "short" or "long"."""
    return f"hardly follows the persona's {tables}"


# Measures and reference points

Measure = Literal["alignment", "total_variation"]
IDENTICAL: dict[Measure, str] = {"alignment": "1 = identical answers", "total_variation": "0 = identical answers"}
SCORES = (
    ("alignment", IDENTICAL["alignment"]),
    ("total_variation", IDENTICAL["total_variation"]),
    ("skill", "0 = everyone else's answers, 1 = new sample"),
    ("refusal", "the persona's share of refusals"),
    ("human_refusal", "people's share of refusals"),
    ("label_mass", "probability of the answer letters"),
    ("order_bias", "change with the order of options"),
    ("entropy_ratio", "below 1: less varied than people"),
    ("worth", "a sample of so many is as close"),
)
"""The scores of a report in the order in which they are shown, each with what it means."""

THIS_PERSONA = "this persona"
EVERYONE = "everyone's answers"
EVEN = "even answers"
NOISE_FLOOR = "noise floor"
REFERENCE_POINTS = "compared with reference points"
LETTERS_ALONE = "letters alone"
LETTERS_EXPLAINED = f"{LETTERS_ALONE}: the mean letter shares of the other questions"
AS_THE_PERSONAS = "in the persona's place"
REFERENCES_EXPLAINED = f"{EVEN}: all options equal; {NOISE_FLOOR}: another sample of the group"


def answers_of(group: str) -> str:
    """Name the answers of a group, such as `Republican answers`, where they are compared with another group's."""
    return f"{group} answers"


def against_opposite(opposite: str) -> str:
    """Name the score of the persona that is compared with the opposite group instead of its own."""
    return f"{THIS_PERSONA} vs. {answers_of(opposite)}"


_SCORE_NAMES = {"entropy_ratio": "spread ratio", "worth": "worth in people"}


def score_name(name: str) -> str:
    """Return the name of a score in words: `total variation`."""
    return _SCORE_NAMES.get(name) or name.replace("_", " ")


def score_figure(name: str, score: Score | None) -> str:
    """Write a score with its interval: shares with three decimals, people as people."""
    return people(score) if name == "worth" else with_interval(score)


def measure_of(reports: "Iterable[Report]") -> Measure:
    """Return what to show first: alignment, or total variation where no question's options have an order."""
    reports = tuple(reports)
    without = all(report.scores.alignment is None for report in reports)
    scored = any(report.scores.total_variation is not None for report in reports)
    return "total_variation" if without and scored else "alignment"


def reference_names(report: "Report") -> Iterator[tuple[str, str]]:
    """Yield the key of each reference point in a report with its name."""
    against = report.scores_against_opposite
    yield "population", EVERYONE
    yield "opposite", answers_of(group_label(against) if against else "opposite group's")
    yield "uniform", EVEN
    if report.references.letters is not None:
        yield "letters", LETTERS_ALONE
    yield "noise_floor", NOISE_FLOOR


def persona_and_references(report: "Report") -> Iterator[tuple[str, Score | None]]:
    """Yield the persona's score by the main measure, then what each reference point scores in its place."""
    measure = measure_of([report])
    yield THIS_PERSONA, getattr(report.scores, measure)
    for name, words in reference_names(report):
        reference: Reference | None = getattr(report.references, name)
        yield words, getattr(reference, measure) if reference is not None else None


# Too few questions


def no_intervals(*scores: str, unit: str = "questions", among: int = 0) -> str:
    """Say why these scores, or all of them, have no interval.

    A score counts the questions for which it is defined: of options in no order there is no alignment, and of too few
    questions with as many options no share of the letters alone. `among` is how many questions the reader was told of;
    where they would be enough, the sentence says that the score has fewer.
    """
    from eval.scoring.intervals import MIN_QUESTIONS

    whose = f" for {', '.join(scores)}" if scores else ""
    few = f"under {MIN_QUESTIONS} {unit if among < MIN_QUESTIONS else f'of {among} {unit} count'}"
    return f"{few}: no intervals{whose}, they would be unreliable"


def too_few(to_do: str) -> str:
    """Say what cannot be done with fewer questions than an interval needs."""
    from eval.scoring.intervals import MIN_QUESTIONS

    return f"too few questions (under {MIN_QUESTIONS}) to {to_do}"


TO_RANK = "rank groups"


# Who, which survey, which model


class Figures(Protocol):
    """What a survey says about its figures, in a report or in its file."""

    @property
    def paraphrased(self) -> bool: ...
    @property
    def weighted(self) -> bool: ...
    @property
    def years(self) -> Sequence[int]: ...


def figures_described(survey: Figures) -> str:
    """Say what the human figures of a survey are: `paraphrased, weighted, 2017–2018`."""
    years = "–".join(str(year) for year in sorted({min(survey.years), max(survey.years)})) if survey.years else ""
    return f"{worded(survey)}, {weighting(survey)}, {years or 'years not stated'}"


def worded(survey: Figures) -> str:
    """Say whether any question is worded differently from what the respondents read."""
    return "paraphrased" if survey.paraphrased else "original wording"


def weighting(survey: Figures) -> str:
    """Say whether a survey's figures are weighted to the population."""
    return "weighted" if survey.weighted else "unweighted"


def model_described(model: "ModelInfo | EngineInfo") -> str:
    """Name a model, and say if it is a base model, if a template was given for it, or if it is recurrent."""
    remarks = model_remarks(model)
    return f"{printable(model.name)} ({'; '.join(remarks)})" if remarks else printable(model.name)


def answers_described(model: "ModelInfo") -> str:
    """Name a file of answers, and the model that gave them where the file says which."""
    of = f", of {printable(model.answers_of)}" if model.answers_of else ""
    return f"answers in {printable(model.name)}{of}"


def recorded_model(name: str, prompt_format: str | None, template: str | None = None) -> str:
    """Name a model that the corpus records; say if it was asked as a base model, or through a template given for it."""
    remark = _asked_how(prompt_format, template)
    return f"{printable(name)} ({remark})" if remark else printable(name)


def _asked_how(prompt_format: str | None, template: str | None) -> str:
    """Say how a model is asked where that is not through the chat template in its file; "" where it is."""
    if prompt_format == "plain":
        return BASE_MODEL
    return "" if template is None else TEMPLATE_GIVEN.format(template=printable(template))


_FORMS = {"plain": "in plain text", "template": "through a chat template"}


def asked_from_here_on(name: str, prompt_format: str | None, template: str | None) -> str:
    """Say that the same model is asked in another form, or through another template, from here on."""
    model = recorded_model(name, prompt_format, template)
    return f"from here on asked {_FORMS.get(prompt_format or '', 'otherwise')}: {model}"


def model_remarks(model: "ModelInfo | EngineInfo") -> list[str]:
    """Return what is to be said with a model's name: how it is asked where that is not as usual, or recurrent."""
    return [*filter(None, (_asked_how(model.prompt_format, model.template), RECURRENT * model.recurrent))]


def run_described(report: "Report | MatrixReport", expression: str | None = None) -> str:
    """Say which survey a report is on, what its figures are, and which model answered how.

    `expression` is what to say of that; by default the report's own.
    """
    from eval.report import FROM_FILE

    model = report.model
    answered = (
        answers_described(model)
        if model.engine == FROM_FILE
        else f"model {model_described(model)} · {printable(expression or report.expression)}"
    )
    return f"survey {printable(report.survey.name)} ({figures_described(report.survey)}) · {answered}"


def runs_described(reports: "Sequence[Report]") -> Iterator[str]:
    """Yield `run_described` once for every survey and model, with all expressions of each."""
    alike: dict[str, list[Report]] = {}
    for report in reports:
        alike.setdefault(run_described(report, "any"), []).append(report)
    for group in alike.values():
        yield run_described(group[0], ", ".join(dict.fromkeys(report.expression for report in group)))


def steered_name(report: "Report") -> str:
    """Name the persona and its steering, which is unknown for answers from a file."""
    shots = f", {pluralize(report.shots, 'shot')}" if report.shots is not None else ""
    return printable(f"{report.persona.name} ({report.steering}{shots})" if report.orders else report.persona.name)


def group_label(group: "GroupName | Group") -> str:
    """Name a group so that it is clear without its attribute: there is an "Other" party and an "Other" race.

    A group that the catalogue does not have, in a report that was edited, is named by attribute and value.
    """
    attribute = attribute_of(group.attribute)
    if attribute is None or (attribute.values and group.value not in attribute.values):
        return printable(f"{group.attribute}={group.value}")
    return printable(attribute.label(group.value))


def own_group(groups: int) -> str:
    """Say of a group that it is the persona's own, or one of so many that are combined."""
    return "its own group" if groups == 1 else "one of its groups"


def groups_label(groups: "Sequence[GroupName | Group]") -> str:
    """Name the people that a persona stands for: its groups combined, or everyone."""
    return " and ".join(map(group_label, groups)) or "everyone"


# What the scores show

SEEN_IN_TRAINING = (
    "a direction between personas is trained on half of a survey's questions, never on people's answers; steer sweep "
    "and eval --steering all are about the other half alone"
)


def summary_lines(report: "Report") -> Iterator[str]:
    """Yield how many questions alignment covers, where not all; the score against the opposite group; doubts; and the
    nearest groups.
    """
    yield from questions_with_order(report)
    if report.model.interventions:
        yield SEEN_IN_TRAINING
    against = report.scores_against_opposite
    opposite = group_label(against) if against else ""
    if against is not None:
        yield f"{against_opposite(opposite)} (opposite group) {with_interval(getattr(against, measure_of([report])))}"
    yield from doubts(against, report.references, report.group_sample, of_everyone=not report.persona.groups)
    if report.nearest:
        yield nearest_of(report.nearest)


def questions_with_order(report: "Report") -> Iterator[str]:
    """Yield how many questions alignment covers, if some have an order and others do not."""
    compared = [question for question in report.questions if question.human is not None]
    ordered = sum(question.alignment is not None for question in compared)
    if 0 < ordered < len(compared):
        yield (
            f"alignment covers {ordered} of {pluralize(len(compared), 'question')}: "
            "the others have unordered options and count in total variation only"
        )


def doubts(
    against: "OppositeScores | None",
    found: "References | None",
    sample: "GroupSample | None",
    *,
    of_everyone: bool,
) -> Iterator[str]:
    """Yield what speaks against the persona: no closer to its own group than to the opposite, no better than everyone.

    Only for a completed measurement: who looks after every few answers finds such a thing sooner or later. Nothing is
    yielded without an interval, nor about everyone where they are the people compared with (`of_everyone`), as for a
    persona without a group: no persona comes closer to people than their own answers.
    """
    yield from _doubts_about_group(against)
    if not of_everyone and found is not None and found.population is not None:
        yield from _doubts_about_everyone(found.population, sample)


Leaning = Literal["to_the_opposite", "to_neither", "to_its_own"]


def leaning(against: "OppositeScores | None") -> Leaning | None:
    """Say which of two groups a persona is closer to, its own or the opposite; None where that cannot be told.

    Even answers may be closer to either group, and a persona that says nothing is as close to it as they are. So the
    difference of even answers is taken off, and "closer" is said only where both differences show it.
    """
    own = against.minus_own.alignment if against is not None and against.minus_own is not None else None
    beyond = against.minus_even.alignment if against is not None and against.minus_even is not None else None
    if own is None or beyond is None or not beyond.bounded:
        return None
    if beyond.detectable and beyond.mean > 0 and own.detectable and own.mean > 0:
        return "to_the_opposite"
    return "to_its_own" if beyond.detectable and beyond.mean < 0 else "to_neither"


def _doubts_about_group(against: "OppositeScores | None") -> Iterator[str]:
    """Yield that a persona is closer to the opposite group, or no closer to its own, than even answers are."""
    found = leaning(against)
    if found in (None, "to_its_own") or against is None or against.minus_own is None or against.minus_even is None:
        return
    own, beyond = against.minus_own.alignment, against.minus_even.alignment
    assert own is not None
    assert beyond is not None
    opposite = answers_of(group_label(against))
    if found == "to_the_opposite":
        yield f"{THIS_PERSONA} is closer to {opposite} than to its own group's (difference {signed(own)})"
    else:
        yield (
            f"{THIS_PERSONA} is not detectably closer to its own group's answers than to {opposite} "
            f"(difference {signed(turned(beyond))} beyond that of {EVEN})"
        )


_SMALL, _LARGE_SHARE = 200, 0.1
"""A group of fewer people, and above this share of everyone: everyone's answers repeat its own sampling error."""


BesideEveryone = Literal["closer", "no_closer", "farther"]


def beside_everyone(everyone: "Reference", sample: "GroupSample | None") -> BesideEveryone | None:
    """Say whether a persona is closer to its group than everyone's answers are; None where that cannot be told.

    It cannot be told that it is not where everyone's answers owe their closeness to the sample: `_repeats_the_sample`.
    An older report does not show whether they do: then nothing is called farther.
    """
    difference = everyone.minus_persona.alignment
    if difference is None or not difference.bounded:
        return None
    if difference.detectable and difference.mean < 0:
        return "closer"
    if sample is not None and _repeats_the_sample(everyone, sample):
        return None
    return "farther" if sample is not None and difference.detectable else "no_closer"


def _doubts_about_everyone(everyone: "Reference", sample: "GroupSample | None") -> Iterator[str]:
    """Yield that a persona is farther from its group than everyone's answers are, or no closer."""
    found, difference = beside_everyone(everyone, sample), everyone.minus_persona.alignment
    if found in (None, "closer") or difference is None:
        return
    how = "farther from" if found == "farther" else "not detectably closer to"
    yield (
        f"{THIS_PERSONA} is {how} its group than {EVERYONE} are "
        f"(its alignment minus theirs {signed(turned(difference))})"
    )


def turned(difference: "PairedScore") -> "PairedScore":
    """Return a difference the other way round: reports have the reference minus the persona, sentences are about it."""
    low, high = (None if end is None else -end for end in (difference.high, difference.low))
    return difference.model_copy(update={"mean": -difference.mean, "low": low, "high": high})


def _repeats_the_sample(everyone: "Reference", sample: "GroupSample") -> bool:
    """Say whether everyone's answers are close to a group's because they hold its people, or as close as its sample."""
    if sample.share is not None and sample.share > _LARGE_SHARE and sample.people < _SMALL:
        return True
    distance = everyone.total_variation
    return sample.sample is not None and distance is not None and sample.sample.mean > distance.mean


def nearest_of(ranked: "Sequence[NearGroup]") -> str:
    """Name the nearest of the groups that a report ranks, of which there is at least one."""
    tied, best = [group_label(near) for near in ranked if near.tied], ranked[0].alignment
    return nearest_groups(tied, len(ranked), with_interval(best), bounded=best.low is not None)


NAMED = 3
TIES_EXPLAINED = (
    "a group is tied with the first (=) where the difference between the two, taken question by question, may be "
    "chance; a farther group can be tied while a nearer one is not, where its differences vary more from question to "
    "question"
)
TIES_LATER = "which groups are tied: when the round is complete"


def nearest_groups(tied: Sequence[str], groups: int, best: str, *, bounded: bool) -> str:
    """Name the nearest of `groups` groups, or those that are `tied`; `best` is the alignment with the first.

    Without an interval (not `bounded`: too few questions) no group is named.
    """
    if not bounded:
        return f"nearest groups: {too_few(TO_RANK)}"
    if len(tied) == 1:
        return f"nearest group: {tied[0]} {best}, clearly first"
    named = "; ".join([f"{tied[0]} {best}", *tied[1:NAMED], *(["…"] if len(tied) > NAMED else [])])
    return f"nearest groups: {len(tied)} of {groups} tied (each may be the nearest): {named}"


def answered_of(estimate: "Estimate") -> str:
    """Say how many of the questions of a round its figures rest on: the one count of every face.

    A question counts once it is answered in both orders of its options. While it is not settled how many a round asks,
    these are the first ones of the survey's.
    """
    if estimate.first_part and estimate.coverage is not None:
        return f"{answered_briefly(estimate)} of {pluralize(estimate.coverage.questions, 'question')}"
    return f"{estimate.answered} of {pluralize(estimate.total, 'question')}"


def answered_briefly(estimate: "Estimate") -> str:
    """As `answered_of`, without the word and without the size of the survey: `12 of the first 28`, then `30 of 62`."""
    return f"{estimate.answered} of {'the first ' if estimate.first_part else ''}{estimate.total}"


def taken_over(estimate: "Estimate") -> str:
    """Say how many of the answers counted were there before the round that is under way, or was stopped; or ""."""
    found, before = estimate.coverage, estimate.from_before
    older = (
        f", and {found.older} from earlier turns" if found is not None and found.older and estimate.scorecard else ""
    )
    return f"{f', {before} of them from an earlier measurement' if before else ''}{older}"


NO_REPLY = "not measured: the last message has no reply yet"
NO_WHOLE_REPLY = "not measured: another program is still writing the last reply"


def no_turn_0(first_turn: int) -> str:
    """Say from where a change is counted where no round before the first message is like the later ones."""
    return f"changes count from turn {first_turn}: nothing before it was measured in this way"


UNCHANGED = "no change"
MOST_DECIMALS = 5


def change_written(difference: Score, *, decimals: int = DECIMALS) -> str:
    """Write a change over the turns, and never as `-0.00 [-0.00, +0.00]`, which tells nothing.

    It has a decimal more where the change itself would read as zero, and as many as it takes where the interval would,
    or where an end of an interval without zero would. What is zero with all of them is `no change`.
    """
    figures = [each for each in (difference.mean, difference.low, difference.high) if each is not None]
    ends = figures[1:] if difference.low is not None and difference.high is not None else []
    without_zero = bool(ends) and min(ends) * max(ends) > 0
    if decimals < DECIMALS and not round(difference.mean, decimals) and round(difference.mean, decimals + 1):
        decimals += 1
    for more in range(decimals, MOST_DECIMALS + 1):
        if all(round(each, more) for each in ends) if without_zero else any(round(each, more) for each in figures):
            return signed(difference, decimals=more)
    return UNCHANGED


def asked_every_turn(drift: "Drift") -> str:
    """Say how many questions a drift is over, and which turns in between were not asked them."""
    asked = f"{pluralize(drift.questions, 'question')} asked every turn"
    if not drift.skipped:
        return asked
    *turns, last = map(str, drift.skipped)
    return f"{asked} except turns {', '.join(turns)} and {last}" if turns else f"{asked} except turn {last}"


def drifted(drift: "Drift", *, decimals: int = DECIMALS) -> Iterator[str]:
    """Yield how far the alignment moved since the first measured turn, over which questions, and whether by chance.

    `decimals` are those of the difference, where these tell it from none.
    """
    difference = change_written(drift.difference, decimals=decimals)
    yield f"since turn {drift.first_turn}: {difference} on the {asked_every_turn(drift)}"
    if drift.first_turn > 0:
        yield no_turn_0(drift.first_turn)
    if not drift.difference.bounded:
        yield too_few("detect a change")
        return
    change = "a detectable change" if drift.detectable else "no detectable change"
    yield f"{change} ({100 * drift.level:.3g}% interval, for a look after every turn)"


# Other estimates


def worth_lines(report: "Report") -> Iterator[str]:
    """Yield how many people the persona is worth, beside everyone's answers in its place."""
    everyone = report.references.population
    if report.scores.worth is not None and everyone is not None and everyone.worth is not None:
        beside = f"{EVERYONE} {people(everyone.worth)}"
        yield f"worth in people (a random sample of so many is as close): {people(report.scores.worth)}; {beside}"


THIRDS = {"agree": "people agree", "between": "in between", "divided": "people divided"}
"""The thirds of the questions by human entropy."""


GAP_EXPLAINED = (
    "knowledge-to-simulation gap: paired difference in total variation; above 0: verbalized is closer to people; "
    "K2S: the same as a share of the total variation of verbalized (ratio of means minus 1)"
)
GAP_NOT_SOUND = "not sound: one of the two measurements is not sound"


DISAGREEMENT_EXPLAINED = "disagreement between expressions: total variation between the answers of the same persona"


def gap_name(gap: "GapInfo") -> str:
    """Name the two expressions of a knowledge-to-simulation gap."""
    return f"{gap.simulation} − verbalized"


def gap_figures(gap: "GapInfo", *, show_invalid: bool = False) -> str:
    """Write a gap with its interval, its p-value and its questions, or why there is none."""
    if gap.total_variation is None or gap.p is None:
        return f"{MISSING} (no question was answered in both)"
    if not gap.sound and not show_invalid:
        return GAP_NOT_SOUND
    figures = f"{signed(gap.total_variation)}, p {p_value(gap.p)}, K2S {signed(gap.relative)}"
    return marked(f"{figures}, {pluralize(gap.questions, 'question')}", sound=gap.sound)


LETTERS_REMOVED_EXPLAINED = "a second estimate: each answer without the habit of choosing letters on the others"


LETTERS_NOT_REMOVED = (
    "letters removed: not shown, because in these option orders a love of letters cannot be told from opinions "
    "that lean to the middle; ask with --orders cyclic"
)


def letters_removed_stands(report: "Report") -> bool:
    """Say whether the second estimate may be shown: every option stood in every place equally often.

    In two orders it takes opinions that lean to the middle for a love of the middle letters, also where the verdict is
    sound. `python -m benchmarks.estimators` shows how far off it then is.
    """
    from eval.orders import balanced

    return all(
        balanced([each.order for each in one.by_order if each.model is not None], one.id, len(one.options))
        for one in report.questions
        if one.letters_removed is not None
    )


def letters_removed_lines(report: "Report") -> Iterator[str]:
    """Yield what the second estimate says and how it differs from the score, or why it is not shown."""
    found = report.letters_removed
    if found is None:
        return
    if not letters_removed_stands(report):
        yield LETTERS_NOT_REMOVED
        return
    yield f"letters removed, {letters_removed_over(report)}:"
    yield f"  alignment {with_interval(found.alignment)}, change {signed(found.minus_score.alignment)}"
    change = signed(found.minus_score.total_variation)
    yield f"  total variation {with_interval(found.total_variation)}, change {change}"


def letters_removed_over(report: "Report") -> str:
    """Say which of the answered questions have the second estimate."""
    count, answered = report.letters_removed.questions if report.letters_removed else 0, len(report.questions)
    return f"{'' if count == answered else f'{count} of '}{pluralize(answered, 'question')}"


def calibration_lines(report: "Report") -> Iterator[str]:
    """Yield what calibration changes; nothing where there is none."""
    if report.calibration is None:
        return
    scores, change = report.calibration.scores, report.calibration.minus_uncalibrated
    yield f"{temperatures(report.calibration)}:"
    yield f"  alignment {with_interval(scores.alignment)}, change {signed(change.alignment)}"
    yield f"  total variation {with_interval(scores.total_variation)}, change {signed(change.total_variation)}"


def temperatures(made: "Calibration") -> str:
    """Say with which temperatures the questions were scored."""
    from eval.scoring.calibration import at_end

    found = [fold.temperature for fold in made.folds]
    said = f"calibrated with temperatures from {min(found):.2f} to {max(found):.2f}, each fitted on other questions"
    better = dict.fromkeys(_BETTER[end] for end in map(at_end, found) if end is not None)
    return "; ".join([said, *better])


_BETTER = {
    "flattest": "a temperature is at the upper end of its range: even answers are better",
    "sharpest": "a temperature is at the lower end of its range: the likeliest option alone is better",
}
