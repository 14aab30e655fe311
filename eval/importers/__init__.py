"""Surveys from other formats: a table of the kinds that can be imported, one module for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from eval.importers import (
    csv_table,
    distributional_alignment,
    globalopinionqa,
    opinionqa,
    respondent_table,
    subpop,
    survey_mapping,
)
from eval.importers.building import ImportOptions, ImportResult, RefusalsKept

__all__ = ["KINDS", "ImportOptions", "ImportResult", "Importer", "RefusalsKept"]


@dataclass(frozen=True, slots=True)
class Importer:
    """A format that surveys are imported from.

    `description` is shown in the help of the command. `read` takes the path that the person gave and returns the
    survey; it raises SurveyError with a message of one line.
    """

    name: str
    description: str
    read: Callable[[Path, ImportOptions], ImportResult]


KINDS: Mapping[str, Importer] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Importer("csv", "a table of your own: a row per question, option and group", csv_table.read),
            Importer("respondents", "a table with a row per person, and --spec", respondent_table.read),
            Importer("spss", "a .sav file, and --mapping", survey_mapping.read_spss),
            Importer("stata", "a .dta file, and --mapping", survey_mapping.read_stata),
            Importer(
                "distributional-alignment",
                "the benchmark's ATTRIBUTE_data.json files, or its folder with info.csv",
                distributional_alignment.read,
            ),
            Importer("opinionqa", "the OpinionQA release: human_resp with a folder for each wave", opinionqa.read),
            Importer("globalopinionqa", "the CSV file of GlobalOpinionQA: shares by country", globalopinionqa.read),
            Importer("subpop", "the JSON Lines of SubPOP: shares by group", subpop.read),
        )
    }
)
"""Every kind by its name, the most used first."""
