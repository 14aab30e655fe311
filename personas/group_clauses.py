"""A clause for a group, to complete a sentence about a member: "who is a Democrat", "I am a Democrat".

Each of the 60 groups has its own; those of attributes of one's own share a wording.
"""

from collections.abc import Mapping
from typing import Literal

from personas.catalogue import is_own, own_name
from personas.group import Group

Person = Literal["first", "third"]

# A verb in braces agrees with the subject: "I am", "who is".
_VERBS: Mapping[Person, Mapping[str, str]] = {
    "first": {"be": "am", "have": "have", "go": "go", "live": "live", "hold": "hold", "follow": "follow",
              "belong": "belong", "identify": "identify", "answer": "answer"},
    "third": {"be": "is", "have": "has", "go": "goes", "live": "lives", "hold": "holds", "follow": "follows",
              "belong": "belongs", "identify": "identifies", "answer": "answers"},
}  # fmt: skip

_CLAUSES: Mapping[str, Mapping[str, str]] = {
    "CREGION": {
        "Northeast": "{live} in the Northeast",
        "Midwest": "{live} in the Midwest",
        "South": "{live} in the South",
        "West": "{live} in the West",
    },
    "AGE": {
        "18-29": "{be} between 18 and 29 years old",
        "30-49": "{be} between 30 and 49 years old",
        "50-64": "{be} between 50 and 64 years old",
        "65+": "{be} 65 or older",
    },
    "SEX": {
        "Male": "{be} a man",
        "Female": "{be} a woman",
    },
    "EDUCATION": {
        "Less than high school": "left school without a high school diploma",
        "High school graduate": "{have} a high school diploma but no further schooling",
        "Some college, no degree": "went to college but {have} no degree",
        "Associate's degree": "{have} an associate's degree",
        "College graduate/some postgrad": "{have} a four-year college degree but no postgraduate degree",
        "Postgraduate": "{have} a postgraduate degree",
    },
    "CITIZEN": {
        "Yes": "{be} a U.S. citizen",
        "No": "{be} not a U.S. citizen",
    },
    "MARITAL": {
        "Married": "{be} married",
        "Divorced": "{be} divorced",
        "Separated": "{be} married but separated",
        "Widowed": "{be} widowed",
        "Never been married": "{have} never been married",
    },
    "RELIG": {
        "Protestant": "{be} a Protestant",
        "Roman Catholic": "{be} a Roman Catholic",
        "Mormon": "{be} a Mormon",
        "Orthodox": "{be} an Orthodox Christian",
        "Jewish": "{be} Jewish",
        "Muslim": "{be} a Muslim",
        "Buddhist": "{be} a Buddhist",
        "Hindu": "{be} a Hindu",
        "Atheist": "{be} an atheist",
        "Agnostic": "{be} an agnostic",
        "Other": "{belong} to one of the smaller religions",
        "Nothing in particular": "{follow} no religion in particular",
    },
    "RELIGATTEND": {
        "More than once a week": "{go} to religious services more than once a week",
        "Once a week": "{go} to religious services once a week",
        "Once or twice a month": "{go} to religious services once or twice a month",
        "A few times a year": "{go} to religious services a few times a year",
        "Seldom": "seldom {go} to religious services",
        "Never": "never {go} to religious services",
    },
    "POLPARTY": {
        "Republican": "{be} a Republican",
        "Democrat": "{be} a Democrat",
        "Independent": "{be} a political independent",
        "Other": "{identify} as neither a Republican, a Democrat nor an independent",
    },
    "INCOME": {
        "Less than $30,000": "{have} a household income of less than $30,000 a year",
        "$30,000-$50,000": "{have} a household income between $30,000 and $50,000 a year",
        "$50,000-$75,000": "{have} a household income between $50,000 and $75,000 a year",
        "$75,000-$100,000": "{have} a household income between $75,000 and $100,000 a year",
        "$100,000 or more": "{have} a household income of $100,000 or more a year",
    },
    "POLIDEOLOGY": {
        "Very conservative": "{hold} very conservative political views",
        "Conservative": "{hold} conservative political views",
        "Moderate": "{hold} moderate political views",
        "Liberal": "{hold} liberal political views",
        "Very liberal": "{hold} very liberal political views",
    },
    "RACE": {
        "White": "{be} White",
        "Black": "{be} Black",
        "Asian": "{be} Asian",
        "Hispanic": "{be} Hispanic",
        "Other": "{belong} to a race other than White, Black, Asian or Hispanic",
    },
}


def clause(group: Group, person: Person) -> str:
    """Return the clause for a group: "am a Democrat" in the first person, "is a Democrat" in the third.

    A group of one's own answers a question, since nothing more is known of it: "answers Member when asked about UNION".
    """
    if is_own(group.attribute):
        return f"{_VERBS[person]['answer']} {group.value} when asked about {own_name(group.attribute)}"
    return _CLAUSES[group.attribute][group.value].format_map(_VERBS[person])
