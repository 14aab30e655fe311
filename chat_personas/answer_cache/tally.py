"""How many answers came from where."""

from dataclasses import dataclass, field

from eval.engine import Constraints


@dataclass(slots=True)
class Tally:
    """Counts of answers (one per probe, one per reply) since the tally was made.

    `remembered` were kept from before, the oldest of them made at `oldest` (UTC, ISO 8601); `asked` came from the model
    or the server in this run, where the same is needed twice both times; `failed` were asked for and not given. `forms`
    are how the replies that were to have a form were kept to it (`EngineInfo.constraints`), when each was made.
    """

    remembered: int = 0
    asked: int = 0
    failed: int = 0
    oldest: str | None = None
    forms: set[Constraints] = field(default_factory=set)

    def remember(self, made_at: str) -> None:
        """Count an answer that was kept at `made_at`."""
        self.remembered += 1
        self.oldest = made_at if self.oldest is None else min(self.oldest, made_at)

    def add(self, other: "Tally") -> None:
        """Add the counts of `other`."""
        self.remembered += other.remembered
        self.asked += other.asked
        self.failed += other.failed
        self.forms |= other.forms
        dates = [date for date in (self.oldest, other.oldest) if date is not None]
        self.oldest = min(dates, default=None)
