"""What one temperature for all distributions changes."""

from collections.abc import Iterator

from chat_personas.calibration_words import temperatures
from chat_personas.paired_words import signed
from chat_personas.pictures.document import Pictured
from chat_personas.pictures.markup import Node, element
from chat_personas.pictures.tables import table
from chat_personas.report_words import with_interval


def calibration(pictured: Pictured) -> Iterator[Node]:
    """Yield the scores at the fitted temperatures with the paired differences; nothing without a calibration."""
    made = pictured.report.calibration
    if made is None:
        return
    said = temperatures(made)
    yield element("p", f"{said[0].upper()}{said[1:]}.")
    heads = ("score", "calibrated", "calibrated, minus as it is")
    rows = [
        (name.replace("_", " "), with_interval(getattr(made.scores, name)), signed(change))
        for name in ("alignment", "total_variation")
        for change in (getattr(made.minus_uncalibrated, name),)
    ]
    yield table("Scores with calibration", heads, rows)
