"""A program for tests that need a real terminal: a person in the talk of a study, whose partner falls silent."""

import asyncio
import sys
from pathlib import Path

from chat_personas.corpus import Corpus
from chat_personas.studies.participation import Identity
from chat_personas.tui.study.app import StudyApp
from tests.studies.making import begin, go_through, made_study
from tests.tui.study.people import StudyEngine, opens
from tests.tui.study.test_talk import SHORT_TALK


def main(corpus_file: str) -> None:
    """Take a person into the talk, and stay there until the program is ended."""
    path = Path(corpus_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    study = made_study(path.parent, SHORT_TALK)
    with Corpus.open(path) as corpus:
        way = begin(corpus, study)
        go_through(corpus, way, until="conversation")
        engine = StudyEngine(["Half a sentence", asyncio.Event()])
        app = StudyApp(study, corpus, Identity(), way, opens(engine))
        app.run()
    sys.exit(app.return_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
