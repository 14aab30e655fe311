"""`chat-personas steer`: train directions in a model's hidden states, judge, list and delete them."""

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from chat_personas import __version__
from chat_personas.cli import options
from chat_personas.cli.commands.surveys import combined_groups
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import Destinations
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.evaluation.sweeping import (
    ALL,
    KINDS,
    AblationRun,
    LayersMeant,
    SweepRun,
    layers_meant,
    personas_meant,
    strengths_meant,
)
from chat_personas.cli.opening import opened_model_file
from chat_personas.cli.options import command_group, examples
from chat_personas.cli.progress import progress_bar
from chat_personas.cli.tables.directions import print_ablation, print_direction, print_directions, print_sweep
from chat_personas.engines.llama.hidden_states.steered_contexts import check_direction
from chat_personas.own_personas import find_persona
from chat_personas.paths import directions_directory, display_path, make_private
from chat_personas.reporting.html.steering_page import sweep_page_document
from chat_personas.reporting.svg.figures import sweep_figure_document
from chat_personas.settings import load_settings
from chat_personas.steering.contrast import Contrast, between_personas, from_file
from chat_personas.steering.direction_file import (
    STATES,
    DirectionFacts,
    direction_path,
    find_direction,
    keep_direction,
    kept_directions,
    layer_facts,
    read_direction,
    unfinished_trainings,
)
from chat_personas.steering.errors import SteeringError
from chat_personas.steering.kept_states import Purpose, is_being_trained
from chat_personas.steering.knob import LONGEST_NAME
from chat_personas.steering.training import METHODS, Course, Method, train_direction
from chat_personas.surveys import find_survey
from chat_personas.text import pluralize, printable
from eval.engine import EngineInfo
from eval.interventions import layers_named

LEAST_LAYERS = 2
"""A control vector has none for the first layer."""

app = command_group("chat-personas steer train party --positive democrat --negative republican")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The direction's name, or a file.")]


@dataclass(frozen=True, slots=True)
class _Poles:
    """What a direction is trained on, and the names of its two sides."""

    contrast: Contrast
    positive: str
    negative: str
    survey_sha256: str | None


@app.command(
    "train",
    epilog=examples(
        "chat-personas steer train party --positive democrat --negative republican --model smollm2",
        "chat-personas steer train formal --pairs formal.jsonl",
        note='A line of a file of pairs: {"positive": "Good morning, Sir.", "negative": "hey"}. '
        "Interrupted, the same command goes on where it stopped.",
    ),
)
def train(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name: letters, digits and dashes.")],
    positive: Annotated[
        str | None, typer.Option("--positive", metavar="PERSONA", help="Where strengths above 0 lead to.")
    ] = None,
    negative: Annotated[
        str | None, typer.Option("--negative", metavar="PERSONA", help="Where strengths below 0 lead to.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", metavar="FILE", help="Pairs of texts (JSON Lines) in place of personas.")
    ] = None,
    model: options.Model = None,
    method: Annotated[
        str, typer.Option("--method", metavar="W", help="mean-difference, or pca for comparison.")
    ] = METHODS[0],
    survey: Annotated[
        str, typer.Option("--survey", metavar="S", help="The survey of which half the questions are trained on.")
    ] = "civic",
    layers: Annotated[
        str | None, typer.Option("--layers", metavar="L", help="The layers to keep, as 3, 3-5 or 3,4; all if left out.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the split into halves.")] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a direction of this name.")] = False,
) -> int:
    """Train a direction between two personas, and judge it.

    It lies in the hidden states of a model, and is judged on texts that it was not trained on. The two personas'
    prompts are put before the same questions that open conversations and half of a survey's questions; the direction
    leads from the states of the one to those of the other, in every layer. The other half judges it.
    """
    check_name(name)
    chosen = options.choose("--method", method, METHODS)
    kept = layers_meant(layers)
    poles = _poles(positive, negative, pairs, survey, seed)
    return asyncio.run(_train(name, poles, chosen, model, kept, seed, replace))


def check_name(name: str) -> None:
    """Raise UsageError for a name that cannot be that of a folder everywhere."""
    if not name.replace("-", "").isalnum() or not name.isascii() or name.startswith("-") or len(name) > LONGEST_NAME:
        raise UsageError(f"{printable(name)!r} cannot be a direction's name; use letters, digits and dashes")


def _poles(positive: str | None, negative: str | None, pairs: Path | None, survey: str, seed: int) -> _Poles:
    if pairs is not None:
        if positive or negative:
            raise UsageError("--pairs takes the place of --positive and --negative; leave them out")
        positive_texts, negative_texts = (f"the {side} texts of {pairs.name}" for side in ("positive", "negative"))
        return _Poles(from_file(pairs, seed), positive_texts, negative_texts, None)
    if positive is None or negative is None:
        raise UsageError("a direction lies between two personas; name them with --positive and --negative, or --pairs")
    loaded, found = find_survey(survey), [find_persona(each).persona for each in (positive, negative)]
    contrast = between_personas(found[0], found[1], loaded.survey, seed)
    return _Poles(contrast, found[0].name, found[1].name, loaded.sha256)


async def _train(
    name: str,
    poles: _Poles,
    method: Method,
    model: str | None,
    layers: LayersMeant | None,
    seed: int,
    replace: bool,
) -> int:
    settings = load_settings()
    async with AsyncExitStack() as opened:
        engine = await opened_model_file(model or settings.model, settings, opened)
        info, shape = engine.info, engine.shape
        assert info.sha256 is not None
        path = direction_path(name, info.sha256)
        if path.exists() and not replace:
            raise UsageError(f"there is already a direction {name} for this model; add --replace, or choose a name")
        if shape.layers < LEAST_LAYERS:
            raise UsageError(f"{info.name} has one layer; a direction needs a model with more")
        kept = _kept_layers(layers, info.name, shape.layers - 1)
        make_private(path.parent)
        purpose = Purpose(poles.contrast.sha256, info.sha256, info.build or "", shape.layers, shape.width)
        with progress_bar(f"training {name}") as advance:
            course = await train_direction(
                engine, poles.contrast, method, keep=path.with_suffix(STATES), purpose=purpose, progress=advance
            )
        facts = _facts(name, poles, method, info, seed, course, kept)
        keep_direction(course.trained, facts)
    print_direction(read_direction(path), path)
    return DONE


def _kept_layers(layers: LayersMeant | None, model: str, last: int) -> tuple[int, ...]:
    """Return the layers that are kept of a direction, of those from the second to the `last` one."""
    if layers is None or layers == ALL:
        return tuple(range(1, last + 1))
    missing = [layer for layer in layers if not 1 <= layer <= last]
    if missing:
        raise UsageError(
            f"--layers: {printable(model)} has no direction in {layers_named(missing)}; its layers are 1 to {last}"
        )
    return layers


def _facts(
    name: str, poles: _Poles, method: Method, info: EngineInfo, seed: int, course: Course, kept: tuple[int, ...]
) -> DirectionFacts:
    from datetime import UTC, datetime

    return DirectionFacts(
        name=name,
        model_name=info.name,
        model_sha256=info.sha256 or "",
        architecture=info.details["architecture"],
        method=method,
        positive=poles.positive,
        negative=poles.negative,
        seed=seed,
        survey_sha256=poles.survey_sha256,
        pairs_sha256=poles.contrast.sha256,
        training_pairs=len(poles.contrast.training),
        held_out_pairs=len(poles.contrast.held_out),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        layers=tuple(layer_facts(each, course.trained) for each in course.separations if each.layer in kept),
    )


@app.command(
    "sweep",
    epilog=examples(
        "chat-personas steer sweep party --strengths -1:1:0.25",
        "chat-personas steer sweep party --kind clamp --strengths -1:2:0.5 --json sweep.json",
        "chat-personas steer sweep party --html sweep.html --svg sweep.svg",
        note="Answers are cached: interrupted, the same command goes on where it stopped.",
    ),
)
def sweep(
    direction: Name,
    strengths: Annotated[
        str, typer.Option("--strengths", metavar="A:B:STEP", help="From A to B in steps; or a list, as -1,0.5,2.")
    ] = "-2:2:0.5",
    kind: Annotated[
        str, typer.Option("--kind", metavar="K", help="add, or clamp: 0 is the negative pole, 1 the positive one.")
    ] = KINDS[0],
    layers: Annotated[
        str | None, typer.Option("--layers", metavar="L", help="As 3, 3-5 or 3,4, or all; the best layer if left out.")
    ] = None,
    toward: Annotated[
        list[str] | None, typer.Option("--toward", metavar="A=V", help="The group to lead to, if not the persona's.")
    ] = None,
    against: Annotated[
        list[str] | None, typer.Option("--against", metavar="A=V", help="The group to lead away from.")
    ] = None,
    model: options.Model = None,
    survey: Annotated[str, typer.Option("--survey", metavar="S", help="A survey's name or file.")] = "civic",
    json_file: options.Json = None,
    html_file: options.Html = None,
    svg_file: options.Svg = None,
    no_cache: options.NoCache = False,
) -> int:
    """Measure one strength after the other, and what each costs.

    The model has no persona's prompt. The best strength is chosen on the half of the questions that directions are
    trained on; all figures are about the other half.
    """
    destinations = Destinations(json_file, html=html_file, svg=svg_file)
    destinations.check({})
    asked = SweepRun(
        direction=direction,
        strengths=strengths_meant(strengths),
        kind=options.choose("--kind", kind, KINDS),
        layers=layers_meant(layers),
        toward=combined_groups(toward or (), "--toward"),
        against=combined_groups(against or (), "--against"),
        survey=find_survey(survey),
        model=model,
        resumable=ResumableRun(fresh=no_cache, resume=False, go_on="give the same command again to go on"),
    )
    found = asked.run()
    destinations.write(
        {
            "--json": found.to_json,
            "--html": lambda: sweep_page_document(found, direction),
            "--svg": lambda: sweep_figure_document(found),
        }
    )
    print_sweep(found, to_error=destinations.take_standard_output)
    return DONE


@app.command(
    "ablate",
    epilog=examples(
        "chat-personas steer ablate party",
        "chat-personas steer ablate party --personas democrat,republican --json ablation.json",
        note="Answers are cached: interrupted, the same command goes on where it stopped.",
    ),
)
def ablate(
    direction: Name,
    personas: Annotated[
        str | None,
        typer.Option("--personas", metavar="A,B", help="Two personas; those it was trained on if left out."),
    ] = None,
    model: options.Model = None,
    survey: Annotated[str, typer.Option("--survey", metavar="S", help="A survey's name or file.")] = "civic",
    json_file: options.Json = None,
    no_cache: options.NoCache = False,
) -> int:
    """Remove a direction from two personas, and compare them.

    It tells whether they answer more alike without it. Each keeps its prompt. Both are asked the questions that no
    direction was trained on, as they are and with the direction removed from every layer.
    """
    destinations = Destinations(json_file)
    destinations.check({})
    found = AblationRun(
        direction=direction,
        personas=personas_meant(personas),
        survey=find_survey(survey),
        model=model,
        resumable=ResumableRun(fresh=no_cache, resume=False, go_on="give the same command again to go on"),
    ).run()
    destinations.write({"--json": found.to_json})
    print_ablation(found, to_error=destinations.take_standard_output)
    return DONE


@app.command("list", epilog="Example: chat-personas steer list")
def list_directions() -> int:
    """List the directions that were trained.

    Below them stand trainings that were interrupted.
    """
    found, damaged = [], []
    for path in kept_directions():
        try:
            found.append((path, read_direction(path)))
        except SteeringError:
            damaged.append(path)
    print_directions(found, unfinished_trainings(), damaged)
    return DONE


@app.command("show", epilog="Example: chat-personas steer show party")
def show(direction: Name) -> int:
    """Show how well a direction separates held-out texts.

    For each layer, with how much its training pairs agree.
    """
    for path in find_direction(direction):
        print_direction(read_direction(path), path)
    return DONE


@app.command("check", epilog="Example: chat-personas steer check party --model smollm2")
def check(direction: Name, model: options.Model = None) -> int:
    """Check that a direction fits a model.

    It may have been trained here, or made by another tool.
    """
    asyncio.run(_check(direction, model))
    return DONE


async def _check(direction: str, model: str | None) -> None:
    settings = load_settings()
    async with AsyncExitStack() as opened:
        engine = await opened_model_file(model or settings.model, settings, opened)
        info = engine.info
        for path in find_direction(direction, info.sha256):
            found = read_direction(path).direction
            check_direction(found, engine.shape, info.sha256)
            print(f"{printable(found.name)}: fits {printable(info.name)}")


@app.command("delete", epilog="Example: chat-personas steer delete party --yes")
def delete(
    direction: Annotated[str, typer.Argument(metavar="NAME", help="The direction's name.")],
    yes: options.Unasked = False,
) -> int:
    """Delete a direction, for all its models.

    What an interrupted training of this name has read is deleted, too.
    """
    begun = [path for path in unfinished_trainings() if path.parent.name == direction]
    found = find_direction(direction) if not begun or _is_trained(direction) else []
    paths = [*(path for path in found if path.is_relative_to(directions_directory())), *begun]
    if any(map(is_being_trained, begun)):
        raise SteeringError(f"another program is training {printable(direction)}; stop it first, or wait for its end")
    if not paths:
        raise SteeringError(f"{printable(direction)} is not among the directions that are kept; see `steer list`")
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError("deleting cannot be undone; add --yes to agree")
        trained = f"trained on {pluralize(len(paths) - len(begun), 'model')}"
        unfinished = f"{pluralize(len(begun), 'unfinished training')}" if begun else ""
        what = ", ".join(filter(None, (printable(direction), trained if len(paths) > len(begun) else "", unfinished)))
        if not typer.confirm(f"Delete {what}? This cannot be undone.", err=True):
            typer.echo("nothing was deleted", err=True)
            return DONE
    for path in paths:
        path.unlink()
    typer.echo(f"deleted {display_path(paths[0].parent)}", err=True)
    return DONE


def _is_trained(name: str) -> bool:
    return any(path.parent.name == name for path in kept_directions())
