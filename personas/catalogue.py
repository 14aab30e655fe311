"""The catalogue: the 12 demographic attributes of OpinionQA and their 60 values.

Keys and values are those of the Pew American Trends Panel as OpinionQA uses them (Santurkar et al. 2023), in the same
order, so that they can be used to look up figures of either source. Titles, labels and questions are our own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Attribute:
    """One demographic attribute.

    `values` are in the spelling and order of the survey sources. `labels` name the values on the screen, where each
    must be clear without its attribute ("U.S. citizen" for the value "Yes"). `question` asks a person for the
    attribute. An open attribute has no list of values: any text is a value, and its own label.
    """

    key: str
    title: str
    question: str
    values: tuple[str, ...]
    labels: tuple[str, ...]

    def label(self, value: str) -> str:
        """Return the label of a value. Raises ValueError: it is not one of `values`, and the attribute is not open."""
        return self.labels[self.values.index(value)] if self.values else value


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


def attribute_of(key: str) -> Attribute | None:
    """Return the attribute with this key, of the catalogue or open; None if there is none."""
    return CATALOGUE.get(key) or OPEN_ATTRIBUTES.get(key)
