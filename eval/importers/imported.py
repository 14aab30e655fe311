"""What an import found and what it left out, and the wishes it was given."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eval.surveys.model import Survey

if TYPE_CHECKING:
    from eval.surveys.respondents import Respondents

_EXAMPLES = 3
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person says about a survey that its files do not tell; None leaves it to the importer.

    `weighted` asks for figures weighted to the population, where the source has weights.
    """

    name: str
    title: str | None = None
    source: str | None = None
    licence: str | None = None
    years: tuple[int, ...] = ()
    weighted: bool = False


@dataclass(slots=True)
class Notes:
    """What was skipped or changed on the way, by reason, in the order in which the reasons came up."""

    _by_reason: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, what: str) -> None:
        """Record that `reason` holds for `what`, once however often it is said."""
        items = self._by_reason.setdefault(reason, [])
        if what not in items:
            items.append(what)

    def lines(self) -> tuple[str, ...]:
        """Return a line for each reason: how often, why, and the first few that it holds for."""
        return tuple(f"{len(items)} {reason}: {_listed(items)}" for reason, items in self._by_reason.items())


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A survey read from another format.

    `found` and `notes` are lines for the person. `respondents` are the answers person by person, where the source has
    them: they are for the user's own directory, never for a file that is shared.
    """

    survey: Survey
    found: tuple[str, ...]
    notes: tuple[str, ...]
    respondents: "Respondents | None" = None


def _listed(items: list[str]) -> str:
    more = ["…"] if len(items) > _EXAMPLES else []
    examples = (item if len(item) <= _LONGEST else f"{item[: _LONGEST - 1]}…" for item in items[:_EXAMPLES])
    return "; ".join([*examples, *more])
