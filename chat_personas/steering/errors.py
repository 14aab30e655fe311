"""What goes wrong with directions."""

from personas.errors import ReportedError


class SteeringError(ReportedError):
    """A direction cannot be trained, read or used as asked."""
