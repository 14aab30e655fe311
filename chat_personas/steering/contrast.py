"""The two sets of texts between which a direction is drawn: pairs that differ in one thing only.

For two personas that is the steering prompt. Both are asked the same: neutral questions, the same with the first words
of a reply, and the questions of a survey. All of it is cut into two halves once and for all. A direction is trained on
the one; whatever is told about it comes from the other.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, ValidationError

from chat_personas.steering.errors import SteeringError
from chat_personas.text import pluralize
from eval.engine import Message
from eval.expression.rendering import render
from eval.states import Opening
from eval.surveys.model import Question, Survey
from personas import Persona, prompt_alone
from personas.inputs.files import FileKind, read_text
from personas.inputs.json_text import parse_json
from personas.inputs.models import Prose, StrictModel, broken_rule, explain, faults

T = TypeVar("T")

PAIRS_FILE = FileKind("a file of pairs", 50 * 2**20, SteeringError)
LEAST_PAIRS = 8
"""With fewer, half of them for training, nothing can be told about a direction."""
_OPENINGS = Path(__file__).parent / "openings.toml"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two openings that differ in what the direction is to be about."""

    positive: Opening
    negative: Opening


@dataclass(frozen=True, slots=True)
class Contrast:
    """Pairs to train a direction on, and others that are held out to judge it by."""

    training: tuple[Pair, ...]
    held_out: tuple[Pair, ...]

    @property
    def sha256(self) -> str:
        """The hash of all texts, in their order."""
        digest = hashlib.sha256()
        for half in (self.training, self.held_out):
            digest.update(f"{len(half)}\0".encode())
            for pair in half:
                for opening in (pair.positive, pair.negative):
                    turns = [[message.role, message.content] for message in opening.messages]
                    digest.update(f"{json.dumps([turns, opening.reply])}\0".encode())
        return digest.hexdigest()


def halves(items: Sequence[T], key: Callable[[T], str], seed: int = 0) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Cut `items` into a training half and a held-out half by the hashes of their keys.

    The order of the items has no influence, and each half keeps it. The training half has the odd one.
    """
    ranked = sorted(items, key=lambda item: hashlib.sha256(f"{seed} {key(item)}".encode()).digest())
    training = {key(item) for item in ranked[: -(-len(items) // 2)]}
    chosen = tuple(item for item in items if key(item) in training)
    return chosen, tuple(item for item in items if key(item) not in training)


def survey_halves(survey: Survey, seed: int = 0) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    """Return the questions that directions are trained on and strengths are chosen by, and those that judge them."""
    return halves(survey.questions, lambda question: question.id, seed)


def between_personas(positive: Persona, negative: Persona, survey: Survey, seed: int = 0) -> Contrast:
    """Return the contrast of two personas: their prompts, each before the same questions and first words of replies.

    Raises:
        PersonaError: a persona is steered by something other than a prompt.
        SteeringError: their prompts are the same.
    """
    prompts = prompt_alone(positive), prompt_alone(negative)
    if prompts[0] == prompts[1]:
        raise SteeringError(
            f"{positive.name} and {negative.name} have the same prompt, so that no direction leads from one to the "
            "other; name two personas that are steered differently"
        )

    def pair(asked: Opening) -> Pair:
        return Pair(*(_after(prompt, asked) for prompt in prompts))

    neutral = _neutral_halves(seed)
    questions = survey_halves(survey, seed)
    training, held_out = (
        tuple(pair(asked) for asked in (*openings, *map(_asked, half)))
        for openings, half in zip(neutral, questions, strict=True)
    )
    return Contrast(training, held_out)


def _after(prompt: str, asked: Opening) -> Opening:
    system = (Message("system", prompt),) if prompt else ()
    return Opening((*system, *asked.messages), asked.reply)


def _asked(question: Question) -> Opening:
    return Opening((Message("user", render(question, "survey").probe.prompt),))


def _neutral_halves(seed: int) -> tuple[tuple[Opening, ...], tuple[Opening, ...]]:
    return halves(_neutral(), lambda opening: f"{opening.messages[0].content} {opening.reply}", seed)


@cache
def _neutral() -> tuple[Opening, ...]:
    """Every neutral question alone, and with the first words of a reply."""
    bank = tomllib.loads(_OPENINGS.read_text(encoding="utf-8"))
    questions = [(Message("user", text),) for text in bank["questions"]]
    begun = [Opening(questions[place % len(questions)], words) for place, words in enumerate(bank["beginnings"])]
    return (*map(Opening, questions), *begun)


def neutral_texts() -> tuple[str, ...]:
    """Return texts about nothing in dispute, on which the cost of steering is measured."""
    return tuple(tomllib.loads(_OPENINGS.read_text(encoding="utf-8"))["neutral"])


def neutral_request() -> str:
    """Return the request to which each of `neutral_texts` is a reply."""
    request: str = tomllib.loads(_OPENINGS.read_text(encoding="utf-8"))["request"]
    return request


def neutral_questions(seed: int = 0) -> tuple[str, ...]:
    """Return the questions that open conversations and that no direction of this seed was trained on."""
    _, held_out = _neutral_halves(seed)
    return tuple(opening.messages[0].content for opening in held_out if not opening.reply)


class _Text(StrictModel):
    """One side of a pair: what was said before, what the person says, and how the reply begins."""

    system: Prose | None = None
    user: Prose | None = None
    assistant: Prose | None = None

    def opening(self) -> Opening:
        before = (Message("system", self.system),) if self.system else ()
        said = (Message("user", self.user),) if self.user else ()
        return Opening((*before, *said), self.assistant or "")


def _as_object(side: object) -> object:
    """Read a text alone as what a person says."""
    if isinstance(side, str):
        return {"user": side}
    if isinstance(side, dict):
        return side
    raise broken_rule("is not a text; write one in double quotes, or an object with system, user and assistant")


class _PairLine(StrictModel):
    """A line of a file of pairs."""

    positive: Annotated[_Text, BeforeValidator(_as_object)]
    negative: Annotated[_Text, BeforeValidator(_as_object)]


def from_file(path: Path, seed: int = 0) -> Contrast:
    """Return the contrast in a JSON Lines file: a `positive` and a `negative` text a line.

    A text is what a person says to the model, or an object with `system`, `user` and `assistant`, of which the last is
    the beginning of the model's reply. Half of the pairs are held out, chosen by `seed`.

    Raises:
        SteeringError: the file cannot be read or has a fault, in a line that is named; or has too few pairs.
    """
    file = read_text(path, PAIRS_FILE)
    pairs = [
        _pair_of(line, f"{path.name}, line {number}")
        for number, line in enumerate(file.text.splitlines(), start=1)
        if line.strip()
    ]
    if len(pairs) < LEAST_PAIRS:
        raise SteeringError(
            f"{path.name} has {pluralize(len(pairs), 'pair')}; give at least {LEAST_PAIRS}, of which half are held out"
        )
    training, held_out = halves(range(len(pairs)), str, seed)
    return Contrast(tuple(pairs[place] for place in training), tuple(pairs[place] for place in held_out))


def _pair_of(line: str, place: str) -> Pair:
    parse_json(
        line, lambda fault: SteeringError(f"{place}: {fault}"), fix="write one object on each line", one_line=True
    )
    try:
        found = _PairLine.model_validate_json(line)
    except ValidationError as error:
        raise SteeringError(f"{place}: {explain(faults(error)[0], _PairLine)}") from error
    sides = [side.opening() for side in (found.positive, found.negative)]
    if not all(side.messages for side in sides):
        raise SteeringError(f'{place}: a text needs "user" or "system"; add what the model replies to')
    if sides[0] == sides[1]:
        raise SteeringError(f"{place}: both texts are the same; nothing lies between them")
    return Pair(*sides)
