"""Whether the published total variations of the distributional-alignment benchmark come out, to five decimals.

Beside them stands how many people each run is worth, and everyone's answers in its place.

Scores the benchmark's raw GPT-4 answers (Meister et al. 2024, "Benchmarking Distributional Alignment of Large Language
Models"; 100 questions of OpinionQA, persona steering) from a file of answers, as anybody would, and prints them beside
the published figures and beside our own convention, refusals apart. Its conventions:

- Letters stand for the options that somebody of the group chose, refusals counted among them, in alphabetical order.
- An option that nobody of the group chose is lacking from the group's dictionary; we give it no mass on either side.
- Masses are scored as they are: log-probabilities of letters that the server did not show leave the sum under 1.
- "Refused" is a refusal; "Not sure", where a question has it besides, is an option of its own.

The survey is made here letter by letter, and once more by `surveys import distributional-alignment`.

The benchmark's files are not part of this repository: name the folder that holds `opinionqa_100` and `runs`.

    .venv/bin/python benchmarks/published_totals.py distributional_alignment
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from chat_personas.reporting.numbers import people
from eval.answer_files import AnswerLine, load_answers, written
from eval.answers import Refusals
from eval.evaluation import evaluate_answers
from eval.importers import KINDS, ImportOptions
from eval.report import Report
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Option, Question, Responses, Survey
from personas import Group

PUBLISHED = {
    ("express_distribution", "Democrat"): 0.18111,
    ("express_distribution", "Republican"): 0.20659,
    ("sequence", "Democrat"): 0.22818,
    ("sequence", "Republican"): 0.26600,
    ("model_logprobs", "Democrat"): 0.48395,
    ("model_logprobs", "Republican"): 0.52410,
}
REFUSAL = "Refused"
PARTIES = ("Democrat", "Independent", "Republican")

Chosen = Mapping[str, Mapping[str, float]]
"""How many people chose each option, by group; options that nobody of a group chose are lacking."""


def benchmark_survey(folder: Path) -> LoadedSurvey:
    """Return the benchmark's 100 questions by party, with options that have no order: its files give none."""
    content = (folder / "opinionqa_100" / "POLPARTY_data.json").read_bytes()
    questions = tuple(_question(name, entry) for name, entry in json.loads(content).items())
    survey = Survey(
        schema="chat-personas/survey@1",
        name="opinionqa-100",
        title="The OpinionQA questions of the distributional-alignment benchmark",
        source="Pew Research Center, American Trends Panel, as released with OpinionQA",
        licence="Not part of this repository",
        years=(2017, 2021),
        weighted=False,
        questions=questions,
    )
    return LoadedSurvey(survey, folder / "POLPARTY_data.json", hashlib.sha256(content).hexdigest())


def benchmark_answers(folder: Path, method: str) -> str:
    """Return a file of answers with what was said in the place of both parties, by option text instead of letter."""
    chosen = {name: _chosen(entry) for name, entry in _json(folder / "opinionqa_100" / "POLPARTY_data.json").items()}
    lines = []
    for party in ("Democrat", "Republican"):
        group = Group(attribute="POLPARTY", value=party)
        for name, answer in _json(folder / "runs" / "gpt-4" / method / f"{party}.json").items():
            options = dict(zip(ascii_uppercase, sorted(chosen[name][party]), strict=False))
            masses = {options[letter]: mass for letter, mass in answer["avg_actual_results"].items()}
            lines.append(written(AnswerLine(question=name, group=(group,), distribution=masses)))
    return "\n".join(lines)


def imported_survey(folder: Path) -> LoadedSurvey:
    """Return the same questions as `surveys import` reads them, with the options that `info.csv` has in order."""
    found = KINDS["distributional-alignment"].read(folder / "opinionqa_100", ImportOptions("opinionqa-100"))
    return LoadedSurvey(found.survey, folder, hashlib.sha256(found.survey.model_dump_json().encode()).hexdigest())


def scored(
    folder: Path, method: str, refusals: Refusals, survey_of: Callable[[Path], LoadedSurvey] = benchmark_survey
) -> dict[str, Report]:
    """Return the reports on one expression method by party, made from a file of answers."""
    survey = survey_of(folder)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"{method}.jsonl"
        file.write_text(benchmark_answers(folder, method), encoding="utf-8")
        reports = tuple(evaluate_answers(load_answers(str(file), survey), survey, refusals=refusals))
    return {report.persona.groups[0].value: report for report in reports}


def total_variation(report: Report) -> float:
    """Return the mean total variation of a report in which every question could be scored."""
    if report.failures or report.scores.total_variation is None:
        raise ValueError(f"{len(report.failures)} questions of {report.persona.name} could not be scored")
    return report.scores.total_variation.mean


def main() -> None:
    """Print the published figures, ours under the benchmark's conventions, and ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    heads = ("expression", "group", "published", "as-option", "imported, as-option", "apart", "worth in people")
    print(f"| {' | '.join(heads)} | everyone's answers |")
    print("| --- " * (len(heads) + 1) + "|")
    for method in dict.fromkeys(method for method, _ in PUBLISHED):
        kept, apart = (scored(folder, method, refusals) for refusals in ("as-option", "apart"))
        imported = scored(folder, method, "as-option", imported_survey)
        for party in kept:
            ours = (total_variation(reports[party]) for reports in (kept, imported, apart))
            figures = PUBLISHED[method, party], *ours
            everyone = apart[party].references.population
            worth = apart[party].scores.worth, everyone.worth if everyone is not None else None
            cells = [*(f"{figure:.5f}" for figure in figures), *map(people, worth)]
            print(f"| {method} | {party} | {' | '.join(cells)} |")


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _chosen(entry: Mapping[str, Any]) -> Chosen:
    return {group: counts for group, counts in entry.items() if isinstance(counts, dict)}


def _question(name: str, entry: Mapping[str, Any]) -> Question:
    chosen = _chosen(entry)
    everyone: dict[str, float] = {}
    for counts in chosen.values():
        for text, count in counts.items():
            everyone[text] = everyone.get(text, 0) + count
    options = sorted(text for text in everyone if text != REFUSAL)

    def responses(counts: Mapping[str, float]) -> Responses:
        return Responses(counts=tuple(counts.get(text, 0) for text in options), refused=counts.get(REFUSAL, 0))

    return Question(
        id=name,
        topics=("all",),
        stem=entry["question_text"],
        paraphrased=False,
        options=tuple(Option(text=text, ordinal=1) for text in options),
        refusals=(REFUSAL,),
        overall=responses(everyone),
        responses={"POLPARTY": {party: responses(chosen[party]) for party in PARTIES}},
    )


if __name__ == "__main__":
    main()
