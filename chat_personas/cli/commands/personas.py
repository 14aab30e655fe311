"""`chat-personas personas`: what is in the library, and whether a persona file is right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chat_personas.cli.errors import BAD_INPUT, DONE

if TYPE_CHECKING:
    from personas import Persona

BUILT_IN = "civic"
WITHOUT_FIGURES = f"the survey {BUILT_IN} has no figures for it: it can be talked with, not compared with {BUILT_IN}"

app = typer.Typer(
    help="List, show and check personas.",
    epilog="Example: chat-personas personas show democrat",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list", epilog="Example: chat-personas personas list")
def list_personas() -> int:
    """List the library: name, title, "talk only" where civic has no figures to compare with, groups."""
    from eval.surveys.figures import has_figures
    from eval.surveys.loading import load_survey
    from personas import library_names, load_persona

    survey = load_survey(BUILT_IN).survey
    for name in library_names():
        persona = load_persona(name).persona
        groups = " and ".join(str(group) for group in persona.groups) or "no group"
        print(f"{name:28} {persona.title:42} {'' if has_figures(survey, persona.groups) else 'talk only':9} {groups}")
    return DONE


@app.command("show", epilog="Example: chat-personas personas show democrat")
def show(persona: Annotated[str, typer.Argument(metavar="PERSONA", help="A name or a file.")]) -> int:
    """Print the persona's file and, as a comment, the exact prompt that the model is given.

    What is printed is a persona file again. For few_shot the prompt is that of one question.
    """
    from chat_personas.text import printable
    from personas import evaluation_prompt, load_persona

    loaded = load_persona(persona)
    prompt = evaluation_prompt(loaded.persona)
    print(printable(loaded.path.read_text(encoding="utf-8").rstrip()))
    told = f"sha256 {loaded.sha256}\nThe prompt:\n\n"
    if loaded.persona.steering == "few_shot":
        told += f"{prompt or '(no system prompt)'}\n{_before_a_question(loaded.persona)}"
    else:
        told += prompt or "(none: the model is not steered)"
    print(f"\n{_commented(printable(told))}")
    return DONE


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _before_a_question(persona: "Persona") -> str:
    """Return what a survey's question is preceded by, for the first one of the built-in survey."""
    from eval.evaluate import questions_with_figures
    from eval.expression.few_shot import as_put
    from eval.expression.rendering import render_probe
    from eval.surveys.loading import load_survey

    survey = load_survey(BUILT_IN).survey
    questions = questions_with_figures(survey, persona.groups)
    if not questions:
        return f"\nBefore each question: the group's answers to others ({WITHOUT_FIGURES})"
    (put,) = as_put(persona, survey, questions[:1])
    probe = render_probe(put, "survey").probe
    return f"\nBefore each question stand others that are like it; the first of {BUILT_IN}:\n\n{probe.prompt}"


@app.command("check", epilog="Example: chat-personas personas check my-persona.toml")
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A persona file.")]) -> int:
    """Say everything that is wrong with a persona file, each with its line and the fix."""
    from eval.surveys.figures import has_figures
    from eval.surveys.loading import load_survey
    from personas.checking import examine, read_file

    found = examine(read_file(file).text)
    if isinstance(found, list):
        print(*found, sep="\n")
        return BAD_INPUT
    print(f"{file.name}: right")
    if not has_figures(load_survey(BUILT_IN).survey, found.groups):
        print(f"{file.name}: {WITHOUT_FIGURES}")
    return DONE
