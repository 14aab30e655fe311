"""Surveys from other formats: a table of kinds, each in a module of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from eval.importers import csv_table, distributional_alignment, globalopinionqa, opinionqa, subpop
from eval.importers.building import Imported, Wishes

__all__ = ["KINDS", "Imported", "Kind", "Wishes"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A format that surveys are imported from.

    `read` takes the path that the person gave and returns the survey; it raises SurveyError with one line.
    """

    name: str
    description: str
    read: Callable[[Path, Wishes], Imported]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("csv", "a table of your own: a row per question, option and group", csv_table.read),
            Kind(
                "distributional-alignment",
                "the benchmark's ATTRIBUTE_data.json files, or its folder with info.csv",
                distributional_alignment.read,
            ),
            Kind("opinionqa", "the OpinionQA release: human_resp with a folder for each wave", opinionqa.read),
            Kind("globalopinionqa", "the CSV file of GlobalOpinionQA: shares by country", globalopinionqa.read),
            Kind("subpop", "the JSON Lines of SubPOP: shares by group", subpop.read),
        )
    }
)
"""Every kind by its name, the most used first."""
