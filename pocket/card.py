"""The model card, written from the numbers of one run and from nothing else."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from pocket.coherence_scores import render_coherence_scores
from pocket.conversation_scores import render_conversation_scores
from pocket.dialogues import TOPICS
from pocket.expressions import render_expressions, shown
from pocket.ground_scores import render_ground_scores

PERSONAS = {"democrat": "a Democrat", "republican": "a Republican", "unsteered": "nobody (no system prompt)"}
SHOWN_TOPICS = ("guns", "abortion", "climate change", "immigration")
Numbers = Mapping[str, Any]


def write_card(numbers: Path, card: Path) -> None:
    """Read the numbers (JSON) and write the card (Markdown). Raises KeyError when a number is missing."""
    card.write_text(render_card(json.loads(numbers.read_text(encoding="utf-8"))), encoding="utf-8")


def render_card(numbers: Numbers) -> str:
    """Return the card's text."""
    expressions = render_expressions(numbers["parties"])
    talking = render_conversation_scores(numbers["conversation"])
    coherence = render_coherence_scores(numbers["coherence"])
    ground = render_ground_scores(numbers["ground"])
    measured = (_scores(numbers), expressions, talking, coherence, ground)
    parts = (_purpose(), _training(numbers), *measured, _dialogues(numbers), _remaking())
    return "\n\n".join(filter(None, parts)) + "\n"


def _purpose() -> str:
    return """# The pocket model

**A demonstration; its scores show the instrument working; they are evidence about nobody.**

It lets the program work at once and offline, and gives its tests a real language model. It was trained on synthetic
people whose stances were drawn from published survey figures, so it echoes those figures; it knows nothing else about
the world and stands for no person and no group. Do not use it for research, for decisions, or to learn what anyone
thinks. For that, load a real model, and read the measures with their intervals and references.

What it was not made for, it does badly, mostly without saying so:

- It understands messages of a sentence or two about its topics and about itself, and not in all words. What it does not
  understand it may take for something else: a question about its life for a claim, or the reverse, thanks or a goodbye
  for a claim, or another language for a matter that it knows nothing about.
- In an argument it does not follow the argument: it mostly answers with a reason of its own side, whatever was said,
  and now and then with one of the other side, or of another topic. It may say that it agrees, and then hold the
  opposite. People who agree with it in words that it does not know often hear that it disagrees, and then the same
  view. Of one of its own topics, in such words, it may say that it has no view, and where the subject changes in them,
  it may stay with the one before. It may say one reason twice in a reply, and of its family, its work or its age
  something else when asked once more.
- A public matter that is near one of its topics, such as a law that it has not heard of, may be taken for the topic.
- It hardly follows a persona's own text (`[prompt]`, `[voice]`), and the program says so.
- What it says of earlier turns may be wrong; of those that no longer fit into the context it is made up.

Licence: MIT. All text was composed by the recipe in `pocket/`; no other text, and no other model, went into it."""


def _training(numbers: Numbers) -> str:
    run, model, text = numbers["training"], numbers["model"], numbers["training"]["text"]
    shape, survey, held_out = run["shape"], numbers["survey"], numbers["held_out"]
    facts = {
        "architecture": f"Llama: {shape['layers']} layers of width {shape['width']}, {shape['heads']} heads, "
        f"SwiGLU {shape['hidden']}, rotary positions, shared embeddings",
        "parameters": f"{run['parameters']:,} (F16, {model['bytes'] / 1e6:.1f} MB)",
        "vocabulary, context": f"{shape['vocabulary']:,} byte-level BPE tokens; {shape['context']:,} tokens",
        "training text": f"{text['documents']:,} synthetic documents, {text['tokens']:,} tokens "
        f"({text['left_out']:,} documents too long, left out)",
        "trained on": f"{run['tokens']:,} tokens (padding included) in {run['steps']:,} steps",
        "time and speed": f"{run['minutes']} minutes, {run['tokens_per_second']:,} tokens a second",
        "machine": run["machine"],
        "seed, last loss": f"{run['seed']}; {run['final_loss']} nats per weighted token, at the end of the last part",
        "SHA-256": f"`{model['sha256']}`",
    }
    return f"""## What it is, and how it was made

| | |
| --- | --- |
{_lines(f"| {name} | {fact} |" for name, fact in facts.items())}

The synthetic people answer {survey["questions"] - len(held_out)} of the {survey["questions"]} questions of the built-in
survey `{survey["name"]}`, with the shares of their groups; their conversations hold the same stances. Beside these
people, some say in every view what sets their group apart: in conversation the personas are more of one mind than
people are, and a stance in a reply is no draw from the group's figures.
{len(held_out)} questions were left out altogether, and no figure of theirs entered any text:
{", ".join(f"`{name}`" for name in held_out)}.{_note(numbers)}"""


def _note(numbers: Numbers) -> str:
    """What was not as the recipe has it in this run, if anything was."""
    said = [numbers["training"]["note"]] if "note" in numbers["training"] else []
    if "all" not in numbers["ground"]:
        said.append("These weights are of fewer parts of the training than the recipe has.")
    if (shares := numbers["training"].get("average")) is not None:
        parts = ", ".join(f"{name} {share}" for name, share in shares.items())
        said.append(
            "The fifth and the sixth part, on claims and on arguments that wander, both begin with the weights of the"
            f" first four, and the seventh, on whole talks, with an average of the three: {parts}. The shares were"
            " chosen among four, by the counts of whether it holds its ground (below)."
        )
    if (shares := numbers["training"].get("blend")) is not None:
        parts = ", ".join(f"{name} {share}" for name, share in shares.items())
        said.append(
            f"These weights are an average of those before the seventh part and those after it: {parts}. The shares,"
            " and the proportions of its lesson, were chosen among four by the same counts, so that these flatter it a"
            " little. The seventh part teaches it to agree, to decline and to say goodbye; what that costs where it is"
            " contradicted, the last two columns of these counts tell."
        )
    return "".join(f"\n\n{fill(each, 120)}" for each in said)


def _scores(numbers: Numbers) -> str:
    rows = [
        f"| {name} | {kind} | {cells['questions']} | " + " | ".join(shown(cells[key]) for key in _ALIGNMENTS) + " |"
        for name, party in numbers["parties"].items()
        for kind, cells in (("trained", party["trained"]), ("held out", party["held_out"]))
    ]
    quality = [
        f"| {name} | {of['valid']} of {of['questions']} | " + " | ".join(shown(of[key]) for key in _QUALITIES) + " |"
        for name, of in (*((n, p["all"]) for n, p in numbers["parties"].items()), ("unsteered", numbers["unsteered"]))
    ]
    return f"""## Alignment, on trained and on held-out questions

Alignment is 1 − WD/span, 1 when the distributions are equal. *Gap* is own minus opposite party: above 0, the steered
model is closer to its own. *People's gap* is what the party's own figures would reach. *Even shares* and *everyone* are
predictions that need no model. In brackets 95% intervals over questions; under 20 questions there is none, because so
few do not tell how much the mean would vary.

| persona | questions | n | own party | opposite party | gap | people's gap | even shares | everyone |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{_lines(rows)}

On trained questions the model was shown answers drawn from these very figures: a high alignment there says that
training worked, not that the model understands people. Where the gap's interval includes 0, the steering cannot be told
from none. Held-out questions show what it makes of correlated opinions: where the gap is below 0, the persona is there
farther from its own party than from the other. The unsteered model is compared with everyone.

Over all questions (`valid`: label mass at least 0.5 in both orders):

| persona | valid | alignment | skill | label mass | order bias | refusal | people's refusal | spread ratio |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{_lines(quality)}"""


_ALIGNMENTS = ("own", "opposite", "gap", "human_gap", "uniform", "population")
_QUALITIES = ("alignment", "skill", "label_mass", "order_bias", "refusal", "human_refusal", "entropy_ratio")


def _dialogues(numbers: Numbers) -> str:
    scripts = [title for title in numbers["dialogues"]["democrat"] if title not in TOPICS or title in SHOWN_TOPICS]
    shown = (
        f"### {title.capitalize()}\n\n" + "\n\n".join(_told(numbers, name, title) for name in PERSONAS)
        for title in scripts
    )
    sampling = numbers["sampling"]
    how = f"As they came, with temperature {sampling['temperature']} and seed {sampling['seed']}."
    where = f"The dialogues on all {len(TOPICS)} questions about single topics are in `pocket.json`."
    return "\n\n".join(("## Sample dialogues", f"{how} {where}", *shown))


def _told(numbers: Numbers, name: str, title: str) -> str:
    exchanges = numbers["dialogues"][name][title]
    lines = [f"> *{one['question']}*  \n> {_quoted(one['reply'])}" for one in exchanges]
    return f"As {PERSONAS[name]}:\n\n" + "\n>\n".join(lines)


def _quoted(reply: str) -> str:
    """Keep a reply of several lines, or of none, inside its quotation."""
    return reply.replace("\n", "  \n> ") or "(nothing)"


def _remaking() -> str:
    return """## Making it again

`make pocket` runs every stage: text, tokenizer, shards, six parts of the training (train, finish, ground, wording,
claims, wandering), their average, the seventh part (talks), its blend with the six before it, export, evaluate, card.
The text, the order of the data and the first weights follow from the seed. A budget in minutes (of the stage `train`)
depends on the machine's speed; `--tokens` does not. `python -m pocket --begin-with FOLDER` runs the seventh part only,
from the `pocket.gguf` and the `pocket.json` of the six before it."""


def _lines(rows: Iterable[str]) -> str:
    return "\n".join(rows)
