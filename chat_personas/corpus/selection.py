"""Which conversations are meant: by persona, by date, by identifier."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter on conversations. What is not given does not narrow it; everything given must hold.

    Dates are days in UTC, both included, and are those on which the conversation began. `ids` may be abbreviated to
    their first characters. `title` is a part of the title, in either case.
    """

    persona: str | None = None
    since: date | None = None
    until: date | None = None
    ids: tuple[str, ...] = ()
    title: str | None = None

    def where(self) -> tuple[str, list[str]]:
        """Return the SQL condition on a table `conversations`, and its parameters."""
        parts: list[tuple[str, tuple[str, ...]]] = []
        if self.persona is not None:
            parts.append(("persona_name = ?", (self.persona,)))
        if self.since is not None:
            parts.append(("substr(created_at, 1, 10) >= ?", (self.since.isoformat(),)))
        if self.until is not None:
            parts.append(("substr(created_at, 1, 10) <= ?", (self.until.isoformat(),)))
        if self.ids:
            parts.append((f"({' OR '.join('id GLOB ?' for _ in self.ids)})", tuple(map(_beginning, self.ids))))
        if self.title is not None:
            parts.append(("instr(lower(title), lower(?)) > 0", (self.title,)))
        condition = " AND ".join(sql for sql, _ in parts) or "1"
        return condition, [value for _, values in parts for value in values]


def _beginning(key: str) -> str:
    """Return a GLOB pattern for keys that begin so; a key is letters and digits, so anything else matches nothing."""
    return f"{key.upper()}*" if key.isalnum() else ""
