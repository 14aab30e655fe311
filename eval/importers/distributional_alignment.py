"""The files of the distributional-alignment benchmark (Meister et al. 2024).

An object of questions by key. A question has its options and a key for each group: counts by option text, without the
options nobody chose; or proportions in the options' order, by country. Dictionaries and lists may stand there as
strings that Python wrote.
"""

from pathlib import Path

from eval.errors import SurveyError
from eval.importers.benchmark_entries import COUNTRY, entries_of, files_of
from eval.importers.benchmark_question import question_of
from eval.importers.building import finished_survey
from eval.importers.imported import Imported, Notes, Wishes
from eval.importers.question_info import read_info
from eval.importers.wave import topic_and_years


def read(path: Path, wishes: Wishes) -> Imported:
    """Read one `..._data.json` file, or all of them in a folder, where `info.csv` gives options in full and ordinals.

    Raises:
        SurveyError: there is no such file, or it is in another format.
    """
    if wishes.weighted:
        raise SurveyError("these files have no weights; leave out --weighted")
    files = files_of(path)
    notes = Notes()
    entries = entries_of(files, notes)
    infos = read_info(files[0].parent / "info.csv", notes) if (files[0].parent / "info.csv").is_file() else {}
    questions = [q for key, entry in entries.items() if (q := question_of(key, entry, infos.get(key), notes))]
    years = {year for question in questions for year in topic_and_years(question.id)[1]}
    by_country = any(COUNTRY in question.responses for question in questions)
    survey = finished_survey(
        questions,
        wishes,
        notes,
        title=f"Distributional alignment: {files[0].parent.resolve().name}",
        source="Benchmarking Distributional Alignment of Large Language Models (Meister et al. 2024)",
        licence="see the benchmark and the surveys it draws on; question texts belong to their authors",
        years=sorted(years),
        everyone="Everyone asked",
    )
    what = "proportions by country" if by_country else "counts"
    return Imported(survey, (f"files: {', '.join(file.name for file in files)}; {what}",), notes.lines())
