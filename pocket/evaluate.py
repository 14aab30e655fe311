"""Measurement of the exported file, with the program's own engine and evaluation: the numbers behind the card."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chat_personas.engines.llama import LlamaEngine
from eval.engine import Engine
from eval.evaluation import evaluate
from eval.report import Report
from eval.surveys.loading import LoadedSurvey, load_survey
from personas import Group, load_persona, system_prompt
from pocket.coherence_scores import coherence_scores
from pocket.conversation_scores import conversation_scores
from pocket.dialogues import SAMPLING, SCRIPTS, play
from pocket.expressions import measure_expressions
from pocket.ground_scores import ground_scores, without_held
from pocket.held_out import HELD_OUT
from pocket.party_scores import party_scores

SURVEY = "civic"
PARTIES = {"democrat": "Republican", "republican": "Democrat"}
UNSTEERED = "unsteered"


def write_numbers(
    gguf: Path, compared: Mapping[str, Path], numbers: Path, cases: Path, training: Mapping[str, Any], seed: int = 0
) -> dict[str, Any]:
    """Evaluate the model file `gguf` and write what was found, with the facts of its training, to `numbers` (JSON).

    `compared` are model files of the weights of fewer parts of the training, by name. All cases of the comparison with
    them are written to the folder `cases`, for reading. What was counted before of others that are not there stays.
    """
    measured = asyncio.run(measure(gguf, seed))
    before = json.loads(numbers.read_text(encoding="utf-8"))["ground"] if numbers.exists() else {}
    ground = _counted_with({**compared, "all": gguf}, before, cases, seed)
    found = {"training": dict(training), "held_out": sorted(HELD_OUT), **measured, "ground": ground}
    _write(found, numbers)
    return found


def count_again(models: Mapping[str, Path], numbers: Path, cases: Path, seed: int = 0) -> None:
    """Count how these model files, by name, hold their ground on the cases as they are now; keep the other numbers.

    Those of models that are not among them stay, too, and it is said: they may be of other cases.
    """
    found = json.loads(numbers.read_text(encoding="utf-8"))
    _write({**found, "ground": _counted_with(models, found["ground"], cases, seed)}, numbers)


def _counted_with(models: Mapping[str, Path], before: dict[str, Any], cases: Path, seed: int) -> dict[str, Any]:
    """Return the counts of these models, and those from `before` of all others; print which these are."""
    if kept := ", ".join(name for name in before if name not in models):
        print(f"not counted again, as their files are not in {cases / 'compared'}: {kept}")
    return before | count_ground(models, cases, seed)


def count_ground(models: Mapping[str, Path], cases: Path, seed: int = 0) -> dict[str, Any]:
    """Return by name in how many cases each model holds its ground; write all its cases to the folder `cases`."""
    ground = {name: asyncio.run(hold_ground(path, seed)) for name, path in models.items()}
    for name, model in ground.items():
        (cases / f"cases-{name}.json").write_text(
            json.dumps(model["counts"], indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        model["counts"] = without_held(model["counts"])
    return ground


def _write(found: Mapping[str, Any], numbers: Path) -> None:
    plain = json.dumps(found, indent=1, ensure_ascii=False, default=lambda score: score.model_dump())
    numbers.write_text(f"{plain}\n", encoding="utf-8")


async def measure(gguf: Path, seed: int = 0) -> dict[str, Any]:
    """Return scores of both parties, in every expression too, and of the unsteered model, and dialogues of all."""
    engine = await LlamaEngine.open(gguf, name="pocket")
    try:
        survey = load_survey(SURVEY)
        scores = {name: await _party(engine, survey, name, seed) for name in PARTIES}
        for name, party in scores.items():
            party["expressions"] = await measure_expressions(engine, survey, name, seed)
        talking, apart = await conversation_scores(engine, tuple(PARTIES), seed)
        coherence = await coherence_scores(engine, tuple(PARTIES), seed)
        unsteered = await evaluate(engine, load_persona(UNSTEERED), survey, seed=seed)
        return {
            "model": {"sha256": engine.info.sha256, "bytes": gguf.stat().st_size},
            "survey": {"name": SURVEY, "sha256": survey.sha256, "questions": len(survey.survey.questions)},
            "parties": scores,
            "unsteered": _quality(unsteered),
            "conversation": {"personas": talking, "apart": apart},
            "coherence": coherence,
            "sampling": asdict(SAMPLING),
            "dialogues": {name: await _dialogues(engine, name) for name in (*PARTIES, UNSTEERED)},
        }
    finally:
        await engine.close()


async def hold_ground(gguf: Path, seed: int = 0) -> dict[str, Any]:
    """Return the file's SHA-256 and in how many cases its model holds its ground; see `pocket.ground_scores`."""
    engine = await LlamaEngine.open(gguf, name="pocket")
    try:
        return {"sha256": engine.info.sha256, "counts": await ground_scores(engine, seed)}
    finally:
        await engine.close()


async def _party(engine: Engine, survey: LoadedSurvey, name: str, seed: int) -> dict[str, Any]:
    report = await evaluate(engine, load_persona(name), survey, seed=seed)
    opposite = Group(attribute="POLPARTY", value=PARTIES[name])
    trained = {question.id for question in survey.survey.questions} - HELD_OUT
    return {
        "trained": asdict(party_scores(report, survey.survey, opposite, trained, seed)),
        "held_out": asdict(party_scores(report, survey.survey, opposite, HELD_OUT, seed)),
        "all": _quality(report),
    }


def _quality(report: Report) -> dict[str, Any]:
    valid = sum(question.valid for question in report.questions)
    scores = report.scores.model_dump()
    return {"questions": len(report.questions), "valid": valid, "failures": len(report.failures), **scores}


async def _dialogues(engine: Engine, name: str) -> dict[str, list[dict[str, Any]]]:
    system = system_prompt(load_persona(name).persona)
    return {
        title: [asdict(exchange) for exchange in await play(engine, system, questions)]
        for title, questions in SCRIPTS.items()
    }
