"""The catalogue: the 12 demographic attributes of OpinionQA and their 60 values; and attributes of one's own beside it.

Keys and values are those of the Pew American Trends Panel as OpinionQA uses them (Santurkar et al. 2023), in the same
order, so that they can be used to look up figures of either source. Titles, labels and questions are our own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from personas.inputs.suggestions import nearest


@dataclass(frozen=True, slots=True)
class Attribute:
    """One demographic attribute.

    `values` are in the spelling and order of the survey sources. `labels` name the values on the screen, where each
    must be clear without its attribute ("U.S. citizen" for the value "Yes"). `question` asks a person for the
    attribute. An open attribute (the country) and one's own have no list of values: any text is a value. A country is
    its own label; the label of a value of one's own names the attribute, too: "Member (UNION)". The value comes first
    because a narrow column cuts the end.
    """

    key: str
    title: str
    question: str
    values: tuple[str, ...]
    labels: tuple[str, ...]

    def label(self, value: str) -> str:
        """Return the label of a value. Raises ValueError: the attribute has `values`, and it is not one of them."""
        if self.values:
            return self.labels[self.values.index(value)]
        return value if self.key in OPEN_ATTRIBUTES else f"{value} ({self.key})"


def _attribute(key: str, title: str, question: str, labels: Mapping[str, str]) -> Attribute:
    return Attribute(key, title, question, values=tuple(labels), labels=tuple(labels.values()))


_ATTRIBUTES = (
    _attribute(
        "CREGION",
        "Region",
        "In which region of the country is your home?",
        {
            "Northeast": "Northeast",
            "Midwest": "Midwest",
            "South": "South",
            "West": "West",
        },
    ),
    _attribute(
        "AGE",
        "Age",
        "Which age band are you in?",
        {
            "18-29": "Age 18–29",
            "30-49": "Age 30–49",
            "50-64": "Age 50–64",
            "65+": "Age 65+",
        },
    ),
    _attribute(
        "SEX",
        "Sex",
        "Are you male or female?",
        {
            "Male": "Male",
            "Female": "Female",
        },
    ),
    _attribute(
        "EDUCATION",
        "Education",
        "How far did your schooling go?",
        {
            "Less than high school": "No high school diploma",
            "High school graduate": "High school graduate",
            "Some college, no degree": "Some college, no degree",
            "Associate's degree": "Associate's degree",
            "College graduate/some postgrad": "College graduate",
            "Postgraduate": "Postgraduate degree",
        },
    ),
    _attribute(
        "CITIZEN",
        "Citizenship",
        "Do you hold U.S. citizenship?",
        {
            "Yes": "U.S. citizen",
            "No": "Not a U.S. citizen",
        },
    ),
    _attribute(
        "MARITAL",
        "Marital status",
        "What is your marital status?",
        {
            "Married": "Married",
            "Divorced": "Divorced",
            "Separated": "Separated",
            "Widowed": "Widowed",
            "Never been married": "Never married",
        },
    ),
    _attribute(
        "RELIG",
        "Religion",
        "Which religion, if any, do you call your own?",
        {
            "Protestant": "Protestant",
            "Roman Catholic": "Roman Catholic",
            "Mormon": "Mormon",
            "Orthodox": "Orthodox",
            "Jewish": "Jewish",
            "Muslim": "Muslim",
            "Buddhist": "Buddhist",
            "Hindu": "Hindu",
            "Atheist": "Atheist",
            "Agnostic": "Agnostic",
            "Other": "Other religion",
            "Nothing in particular": "No particular religion",
        },
    ),
    _attribute(
        "RELIGATTEND",
        "Religious attendance",
        "How frequently do you go to religious services?",
        {
            "More than once a week": "At services more than weekly",
            "Once a week": "At services weekly",
            "Once or twice a month": "At services monthly",
            "A few times a year": "At services a few times a year",
            "Seldom": "Seldom at services",
            "Never": "Never at services",
        },
    ),
    _attribute(
        "POLPARTY",
        "Party",
        "How do you place yourself among the political parties?",
        {
            "Republican": "Republican",
            "Democrat": "Democrat",
            "Independent": "Independent",
            "Other": "Other party",
        },
    ),
    _attribute(
        "INCOME",
        "Income",
        "How much money does your household take in over a year?",
        {
            "Less than $30,000": "Income under $30,000",
            "$30,000-$50,000": "Income $30,000–$50,000",
            "$50,000-$75,000": "Income $50,000–$75,000",
            "$75,000-$100,000": "Income $75,000–$100,000",
            "$100,000 or more": "Income $100,000+",
        },
    ),
    _attribute(
        "POLIDEOLOGY",
        "Ideology",
        "How would you sum up your political outlook?",
        {
            "Very conservative": "Very conservative",
            "Conservative": "Conservative",
            "Moderate": "Moderate",
            "Liberal": "Liberal",
            "Very liberal": "Very liberal",
        },
    ),
    _attribute(
        "RACE",
        "Race",
        "Which race or ethnic group do you count yourself in?",
        {
            "White": "White",
            "Black": "Black",
            "Asian": "Asian",
            "Hispanic": "Hispanic",
            "Other": "Other race",
        },
    ),
)

CATALOGUE: Mapping[str, Attribute] = MappingProxyType({attribute.key: attribute for attribute in _ATTRIBUTES})
"""The attributes by key, in the order of the catalogue."""

COUNTRY = "COUNTRY"
OPEN_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {COUNTRY: _attribute(COUNTRY, "Country", "In which country do you live?", {})}
)
"""Attributes outside the catalogue, whose values are too many to list: the countries of surveys across the world."""


PAIR = " x "
"""What joins the keys of two attributes, or two values, where a survey has figures of pairs."""
_SLIP = 0.85
"""From this similarity a name is a slip of a known one: POLPARTI (0.88), SEXX (0.86), but not REGION_DE (0.75)."""
_SLIP_WITH_VALUE = 0.76
"""From this it is one if its value is the known attribute's, too: PARTY (0.77) with the value Democrat."""


def attribute_of(key: str) -> Attribute | None:
    """Return the attribute with this key: of the catalogue, open, or one's own. None if no attribute can have this key.

    Any text on one line can be the key of an attribute of one's own, but for those that `misfit` refuses.
    """
    known = CATALOGUE.get(key) or OPEN_ATTRIBUTES.get(key)
    if known is not None or misfit(key) is not None:
        return known
    return _attribute(key, key, f"What do you answer when asked about {own_name(key)}?", {})


def is_own(key: str) -> bool:
    """Return whether an attribute is one's own: neither of the catalogue nor open."""
    return key not in CATALOGUE and key not in OPEN_ATTRIBUTES


def own_name(key: str) -> str:
    """Return how a sentence names an attribute of one's own: `REGION_DE` is "REGION DE"."""
    return " ".join(key.replace("_", " ").split())


def misfit(key: str) -> str | None:
    """Return why no attribute of one's own can have this key; None if one can."""
    if not key.strip() or key != key.strip() or not key.isprintable():
        return "it is not a name on one line of plain text"
    sign = next((sign for sign in ("=", PAIR) if sign in key), None)
    return None if sign is None else f'it has "{sign}" in it'


@lru_cache(maxsize=10_000)
def slip_of(key: str, value: str | None = None) -> str | None:
    """Return the known attribute that an unknown key is probably a slip of; None if it is rather one's own.

    Without the `value` only keys that are very much alike count, but for the title of an attribute, which is a word of
    its own: REGION beside CREGION. With a value that the known attribute has, a looser likeness will do: somebody who
    writes PARTY=Democrat means POLPARTY, and somebody who writes PARTY=Labour does not.
    """
    if not is_own(key):
        return None
    titles = {attribute.title.casefold() for attribute in CATALOGUE.values()}
    likely = nearest(key, (*CATALOGUE, *OPEN_ATTRIBUTES), alike=_SLIP)
    if likely is not None and key.casefold() not in titles:
        return likely
    likely = nearest(key, CATALOGUE, alike=_SLIP_WITH_VALUE)
    if likely is None or value is None or nearest(value, CATALOGUE[likely].values, alike=_SLIP) is None:
        return None
    return likely
