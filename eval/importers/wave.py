"""What is known of the American Trends Panel's waves that OpinionQA uses: their topic and when people were asked.

Topics as in Santurkar et al. 2023, years as Pew Research Center publishes them with its data.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

WAVES: Mapping[int, tuple[str, int]] = MappingProxyType(
    {
        26: ("guns", 2017),
        27: ("automation", 2017),
        29: ("gender", 2017),
        32: ("community types", 2018),
        34: ("biomedical and food issues", 2018),
        36: ("gender and leadership", 2018),
        41: ("America in 2050", 2018),
        42: ("trust in science", 2019),
        43: ("race", 2019),
        45: ("misinformation", 2019),
        49: ("privacy", 2019),
        50: ("family", 2019),
        54: ("economic inequality", 2019),
        82: ("global attitudes", 2021),
        92: ("political views", 2021),
    }
)
"""Topic and year by number."""

_ENDING = re.compile(r"_W(\d+)$")


def topic_and_years(key: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the topics and years of a question by its key, such as `GOVTHC_W92`; "general" and no year for others."""
    match = _ENDING.search(key)
    known = WAVES.get(int(match.group(1))) if match else None
    return ((known[0],), (known[1],)) if known else (("general",), ())
