"""`make pocket`: the recipe from text to card, stage by stage.

Training has seven parts: train, finish, ground, wording, and from there claims and, beside it, wandering. Then the
weights before these two and those after each are averaged. The last part, talks, begins with the average, and its
weights are averaged with those before it: blend.

    python -m pocket                      every stage that is not done yet
    python -m pocket train --minutes 72   one stage

    python -m pocket count card           count again on cases that have changed, and write the card

    python -m pocket --begin-with FOLDER  the last part only, from the model of the six before it in FOLDER

Work files lie in pocket/work/, ignored by git. A stage whose result is there is skipped; delete the result, or give
`--again`, to repeat it. An interrupted training run goes on from its last checkpoint.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

WORK = Path(__file__).parent / "work"
MODELS = Path(__file__).parent.parent / "chat_personas" / "models"
TOKENIZER = WORK / "tokenizer.json"
SHARDS = WORK / "shards"
RUN = WORK / "run"
FINISH = WORK / "finish"
GROUND = WORK / "ground"
WORDING = WORK / "wording"
CLAIMS = WORK / "claims"
WANDERING = WORK / "wandering"
AVERAGE = WORK / "average"
TALKS = WORK / "talks"
BLEND = WORK / "blend"
BEGUN = WORK / "begun"
FIRST_TWO = WORK / "compared" / "first_two.gguf"
FIRST_FOUR = WORK / "compared" / "first_four.gguf"
FIRST_SIX = WORK / "compared" / "first_six.gguf"
FACTS = WORK / "facts.json"
SAMPLES = WORK / "samples.txt"
GGUF = MODELS / "pocket.gguf"
NUMBERS = MODELS / "pocket.json"
CARD = MODELS / "POCKET.md"

TOKENIZER_DOCUMENTS = 24_000
LESSON_TOKENS = {"copying": 3_000_000, "reading": 5_000_000, "contrast": 9_000_000, "people": 33_000_000}
TRAINING_TOKENS = 39_400_000
FINISHING_LESSON = "shares"
FINISHING_TOKENS = 11_500_000
FINISHING_RATE = 0.35
"""Times the rates of the first part."""
GROUND_LESSON = "ground"
GROUND_TOKENS = 10_400_000
GROUND_RATE = 0.35
"""Times the rates of the first part."""
WORDING_LESSON = "wording"
WORDING_TOKENS = 5_600_000
WORDING_RATE = 0.25
"""Times the rates of the first part."""
CLAIMS_LESSON = "claims"
CLAIMS_TOKENS = 9_600_000
CLAIMS_RATE = 0.3
"""Times the rates of the first part."""
WANDERING_LESSON = "wandering"
WANDERING_TOKENS = 13_000_000
WANDERING_RATE = 0.3
"""Times the rates of the first part."""
TALKS_LESSON = "talks"
TALKS_TOKENS = 12_000_000
TALKS_RATE = 0.3
"""Times the rates of the first part."""
BLEND_SHARES = {"first six": 0.3, TALKS_LESSON: 0.7}
"""What share the weights before the last part, and those after it, have in the shipped ones.

Chosen, with the proportions of the lesson, among four by the counts of `pocket.ground_scores`.
"""
AVERAGE_SHARES = {"first four": 0.3, CLAIMS_LESSON: 0.5, WANDERING_LESSON: 0.2}
"""What share the weights of the first four parts, and those after each of the two that follow, have in the average.

Chosen among four by the counts of `pocket.ground_scores`.
"""


def text(arguments: argparse.Namespace) -> None:
    """Write a few documents for reading."""
    from pocket.text import documents

    shown = [
        "\n".join(f"[{turn.role}] {turn.text}" for turn in document.turns)
        for document in islice(documents(arguments.seed), 60)
    ]
    SAMPLES.write_text("\n\n".join(shown), encoding="utf-8")


def tokenizer(arguments: argparse.Namespace) -> None:
    """Learn the vocabulary."""
    from pocket.text import documents
    from pocket.tokenizer import train_tokenizer

    train_tokenizer(islice(documents(arguments.seed), TOKENIZER_DOCUMENTS)).save(str(TOKENIZER))


def shards(arguments: argparse.Namespace) -> None:
    """Turn documents into token shards, one process per core."""
    from pocket.model import PocketShape
    from pocket.shards import shard_facts, write_shards

    later = {
        FINISHING_LESSON: FINISHING_TOKENS,
        GROUND_LESSON: GROUND_TOKENS,
        WORDING_LESSON: WORDING_TOKENS,
        CLAIMS_LESSON: CLAIMS_TOKENS,
        WANDERING_LESSON: WANDERING_TOKENS,
    }
    earlier = {} if arguments.begin_with else {**LESSON_TOKENS, **later}
    for lesson, tokens in {**earlier, TALKS_LESSON: TALKS_TOKENS}.items():
        write_shards(TOKENIZER, SHARDS / lesson, lesson, arguments.seed, tokens, PocketShape().context)
    print(json.dumps(shard_facts(SHARDS)))


def train(arguments: argparse.Namespace) -> None:
    """Train within the budget."""
    from pocket.model import PocketShape
    from pocket.tokenizer import load_tokenizer
    from pocket.train import TrainingPlan
    from pocket.train import train as run

    tokens = arguments.tokens if arguments.tokens or arguments.minutes else TRAINING_TOKENS
    plan = TrainingPlan(minutes=arguments.minutes, tokens=tokens, seed=arguments.seed)
    run(
        [SHARDS / lesson for lesson in LESSON_TOKENS],
        RUN,
        PocketShape(vocabulary=load_tokenizer(TOKENIZER).get_vocab_size()),
        plan,
    )


def finish(arguments: argparse.Namespace) -> None:
    """Train on, at a lower rate, on the lesson of shares; keep the weights as a model file, to be compared with."""
    _train_on(arguments, FINISHING_LESSON, FINISHING_TOKENS, FINISHING_RATE, RUN / "final.pt", FINISH)
    _export(FINISH / "final.pt", FIRST_TWO)


def begin_with(folder: Path) -> None:
    """Take the model of the first six parts, and the facts of their training, from a model file and its numbers.

    Where that is done already, it stays as it is, so that an interrupted run can go on.
    """
    if (AVERAGE / "facts.json").exists() and FIRST_SIX.read_bytes() == (folder / GGUF.name).read_bytes():
        return
    training = json.loads((folder / NUMBERS.name).read_text(encoding="utf-8"))["training"]
    if "average" not in training or "blend" in training:
        sys.exit(f"begin with the model of the first six parts; that in {folder} has been through fewer or all")
    for parent in (AVERAGE, FIRST_SIX.parent):
        parent.mkdir(exist_ok=True)
    shutil.copyfile(folder / GGUF.name, FIRST_SIX)
    _write_facts(training, AVERAGE / "facts.json")


def ground(arguments: argparse.Namespace) -> None:
    """Train on, at a lower rate, on holding one's ground."""
    _train_on(arguments, GROUND_LESSON, GROUND_TOKENS, GROUND_RATE, FINISH / "final.pt", GROUND)


def wording(arguments: argparse.Namespace) -> None:
    """Train on, at a still lower rate, on the same in many other words."""
    _train_on(arguments, WORDING_LESSON, WORDING_TOKENS, WORDING_RATE, GROUND / "final.pt", WORDING)
    BEGUN.mkdir(exist_ok=True)
    shutil.copyfile(WORDING / "final.pt", BEGUN / "final.pt")
    _export(WORDING / "final.pt", FIRST_FOUR)
    _write_facts(facts_of(RUN, FINISH, GROUND, WORDING), BEGUN / "facts.json")


def claims(arguments: argparse.Namespace) -> None:
    """Train on claims that are put together, and on a life asked about in more words."""
    _train_on(arguments, CLAIMS_LESSON, CLAIMS_TOKENS, CLAIMS_RATE, BEGUN / "final.pt", CLAIMS)


def wandering(arguments: argparse.Namespace) -> None:
    """Train, from the same weights as on claims, on arguments that leave their topic."""
    _train_on(arguments, WANDERING_LESSON, WANDERING_TOKENS, WANDERING_RATE, BEGUN / "final.pt", WANDERING)


def average(arguments: argparse.Namespace) -> None:
    """Average the weights before the parts on claims and on wandering and those after each, and keep the facts of all.

    Each of the two forgets a part of what was learnt before. The average of weights that were trained from the same
    ones keeps most of it, and has what both have learnt (Wortsman et al. 2022, "Model soups").
    """
    from pocket.train import average_of, save_weights

    AVERAGE.mkdir(exist_ok=True)
    folders = (BEGUN, CLAIMS, WANDERING)
    models = [folder / "final.pt" for folder in folders]
    save_weights(average_of(dict(zip(models, AVERAGE_SHARES.values(), strict=True))), AVERAGE / "final.pt")
    before = json.loads((BEGUN / "facts.json").read_text(encoding="utf-8"))
    note = {"note": before["note"]} if "note" in before else {}
    _write_facts({**facts_of(*folders), "average": AVERAGE_SHARES, **note}, AVERAGE / "facts.json")
    _export(AVERAGE / "final.pt", FIRST_SIX)


def talks(arguments: argparse.Namespace) -> None:
    """Train the average on whole talks, from its F16 weights, read back from its model file."""
    from pocket.export import read_gguf
    from pocket.train import save_weights

    TALKS.mkdir(exist_ok=True)
    begun = TALKS / "begun.pt"
    if not begun.exists() or begun.stat().st_mtime < FIRST_SIX.stat().st_mtime:
        save_weights(read_gguf(FIRST_SIX), begun)
    _train_on(arguments, TALKS_LESSON, TALKS_TOKENS, TALKS_RATE, begun, TALKS)


def blend(arguments: argparse.Namespace) -> None:
    """Average the weights before the last part and those after it, as `average` does; the facts are those of all."""
    from pocket.train import average_of, save_weights

    BLEND.mkdir(exist_ok=True)
    models = (TALKS / "begun.pt", TALKS / "final.pt")
    save_weights(average_of(dict(zip(models, BLEND_SHARES.values(), strict=True))), BLEND / "final.pt")
    before = json.loads((AVERAGE / "facts.json").read_text(encoding="utf-8"))
    kept = {key: before[key] for key in ("average", "note") if key in before}
    _write_facts({**facts_of(AVERAGE, TALKS), **kept, "blend": BLEND_SHARES}, FACTS)


def _train_on(arguments: argparse.Namespace, lesson: str, tokens: int, rate: float, start: Path, folder: Path) -> None:
    from pocket.model import PocketShape
    from pocket.tokenizer import load_tokenizer
    from pocket.train import TrainingPlan
    from pocket.train import train as run

    full = TrainingPlan(tokens=tokens, seed=arguments.seed)
    plan = replace(full, matrix_rate=full.matrix_rate * rate, embedding_rate=full.embedding_rate * rate)
    shape = PocketShape(vocabulary=load_tokenizer(TOKENIZER).get_vocab_size())
    run([SHARDS / lesson], folder, shape, plan, start=start)


def facts_of(*folders: Path) -> dict[str, Any]:
    """Return the facts of runs that follow one another, from their folders."""
    from pocket.train import all_parts

    return all_parts([json.loads((folder / "facts.json").read_text(encoding="utf-8")) for folder in folders])


def _write_facts(facts: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _export(checkpoint: Path, path: Path) -> None:
    from pocket.export import export_gguf
    from pocket.tokenizer import load_tokenizer
    from pocket.train import load_model

    path.parent.mkdir(exist_ok=True)
    export_gguf(load_model(checkpoint), load_tokenizer(TOKENIZER), path)


def export(arguments: argparse.Namespace) -> None:
    """Write the GGUF file, of the last checkpoint if the run has not ended."""
    folders = (BLEND, TALKS, AVERAGE, WORDING, GROUND, FINISH, RUN)
    runs = [folder / name for folder in folders for name in ("final.pt", "checkpoint.pt")]
    _export(next(path for path in runs if path.exists()), GGUF)


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure the exported file, beside those of fewer parts that are there, and keep the numbers of this run."""
    from pocket.evaluate import write_numbers

    compared = {path.stem: path for path in (FIRST_TWO, FIRST_FOUR, FIRST_SIX) if path.exists()}
    write_numbers(GGUF, compared, NUMBERS, WORK, json.loads(FACTS.read_text(encoding="utf-8")), arguments.seed)


def count(arguments: argparse.Namespace) -> None:
    """Count again how the models hold their ground, where the cases have changed and the weights have not."""
    from pocket.evaluate import count_again

    models = {path.stem: path for path in (FIRST_TWO, FIRST_FOUR, FIRST_SIX) if path.exists()}
    if GGUF.read_bytes() not in [path.read_bytes() for path in models.values()]:
        models["all"] = GGUF
    count_again(models, NUMBERS, WORK, arguments.seed)


def card(arguments: argparse.Namespace) -> None:
    """Write the model card from the numbers."""
    from pocket.card import write_card

    write_card(NUMBERS, CARD)


STAGES: dict[str, tuple[Callable[[argparse.Namespace], None], Path]] = {
    "text": (text, SAMPLES),
    "tokenizer": (tokenizer, TOKENIZER),
    "shards": (shards, SHARDS / TALKS_LESSON / "01" / "facts.json"),
    "train": (train, RUN / "final.pt"),
    "finish": (finish, FIRST_TWO),
    "ground": (ground, GROUND / "final.pt"),
    "wording": (wording, BEGUN / "facts.json"),
    "claims": (claims, CLAIMS / "final.pt"),
    "wandering": (wandering, WANDERING / "final.pt"),
    "average": (average, FIRST_SIX),
    "talks": (talks, TALKS / "final.pt"),
    "blend": (blend, FACTS),
    "export": (export, GGUF),
    "evaluate": (evaluate, NUMBERS),
    "card": (card, CARD),
}


EARLIER_STAGES = ("train", "finish", "ground", "wording", "claims", "wandering", "average")


def stale(stage: str) -> bool:
    """Whether a stage has no result yet, or one older than the result of the stage before it."""
    names = list(STAGES)
    result = STAGES[stage][1]
    if not result.exists():
        return True
    before = STAGES[names[max(0, names.index(stage) - 1)]][1]
    return before.exists() and before.stat().st_mtime > result.stat().st_mtime


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages asked for, in order."""
    parser = argparse.ArgumentParser(prog="python -m pocket", description="Make the pocket model.")
    names = [*STAGES, "count"]
    parser.add_argument(
        "stages",
        nargs="*",
        choices=[*names, []],  # argparse looks for the empty list where no stage is given
        metavar="STAGE",
        help=f"of {', '.join(names)}; all but count if left out",
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="training budget in minutes of wall-clock time")
    budget.add_argument("--tokens", type=int, help=f"training budget in tokens (default {TRAINING_TOKENS:,})")
    parser.add_argument(
        "--begin-with",
        type=Path,
        metavar="FOLDER",
        help="train the last part only, from the pocket.gguf and pocket.json of the six before it in FOLDER",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="repeat stages that are done")
    parsed = parser.parse_args(arguments)
    WORK.mkdir(exist_ok=True)
    stages = parsed.stages or [stage for stage in STAGES if not (parsed.begin_with and stage in EARLIER_STAGES)]
    if parsed.begin_with is not None:
        begin_with(parsed.begin_with)
    for stage in stages:
        if stage == "count":
            count(parsed)
        elif parsed.again or stale(stage):
            print(f"== {stage}", flush=True)
            STAGES[stage][0](parsed)
        else:
            print(f"== {stage}: done", flush=True)
    return 0
