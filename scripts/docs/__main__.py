"""Bring every generated part of docs/ up to date: `make docs`, or `python -m scripts.docs`."""

from scripts.docs import (
    write_accessibility,
    write_answers,
    write_chat,
    write_commands,
    write_corpus,
    write_debate,
    write_models,
    write_personas,
    write_report,
    write_settings,
    write_steering,
    write_study,
    write_surveys,
)

WRITERS = (
    write_accessibility,
    write_answers,
    write_chat,
    write_commands,
    write_corpus,
    write_debate,
    write_models,
    write_personas,
    write_report,
    write_settings,
    write_steering,
    write_study,
    write_surveys,
)


def main() -> None:
    """Write each page again, and name those that changed."""
    for writer in WRITERS:
        page = writer.PAGE.read_text(encoding="utf-8")
        updated = writer.updated(page)
        if updated != page:
            writer.PAGE.write_text(updated, encoding="utf-8")
            print(f"updated docs/{writer.PAGE.name}")


if __name__ == "__main__":
    main()
