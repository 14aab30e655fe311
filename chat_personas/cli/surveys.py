"""`chat-personas surveys`: which surveys there are and what is in them."""

from typing import Annotated

import typer

from chat_personas.cli.exit_codes import DONE

app = typer.Typer(
    help="List and show surveys.",
    epilog="Example: chat-personas surveys show civic",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list", epilog="Example: chat-personas surveys list")
def list_surveys() -> int:
    """List the surveys that can be measured with."""
    from eval.survey import load_survey, survey_names

    for name in survey_names():
        survey = load_survey(name).survey
        print(f"{name:16} {len(survey.questions):5} questions  {survey.title}")
    return DONE


@app.command("show", epilog="Example: chat-personas surveys show civic --questions")
def show(
    survey: Annotated[str, typer.Argument(metavar="SURVEY", help="A name or a file.")],
    questions: Annotated[bool, typer.Option("--questions", help="Print every question with its options.")] = False,
) -> int:
    """Print where a survey's figures come from, its topics and the groups it has figures for."""
    from chat_personas.plain_text import printable
    from eval.figures import groups_with_figures
    from eval.survey import load_survey

    loaded = load_survey(survey)
    found = loaded.survey
    topics = sorted({topic for question in found.questions for topic in question.topics})
    lines = [
        f"{found.name}: {found.title}",
        f"source: {found.source}",
        f"licence: {found.licence}",
        f"years: {', '.join(map(str, found.years))}; {'weighted' if found.weighted else 'unweighted'}; "
        f"{'paraphrased' if found.paraphrased else 'original wording'}; sha256 {loaded.sha256}",
        f"{len(found.questions)} questions on {len(topics)} topics: {', '.join(topics)}",
        f"figures for: {', '.join(str(group) for group in groups_with_figures(found))}",
    ]
    if questions:
        for question in found.questions:
            lines += ["", f"{question.id} ({', '.join(question.topics)})", question.stem]
            lines += [f"  - {text}" for text in (*question.option_texts, *question.refusals)]
    print(printable("\n".join(lines)))
    return DONE
