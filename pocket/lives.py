"""Words for the lives of synthetic people: what their groups are called, where they live, what they do."""

from collections.abc import Mapping

NAMED: Mapping[str, Mapping[str, str]] = {
    "CREGION": {
        "Northeast": "someone from the Northeast",
        "Midwest": "someone from the Midwest",
        "South": "someone from the South",
        "West": "someone from the West",
    },
    "AGE": {
        "18-29": "a young person",
        "30-49": "someone in the middle of life",
        "50-64": "someone over fifty",
        "65+": "an older person",
    },
    "SEX": {"Male": "a man", "Female": "a woman"},
    "EDUCATION": {
        "Less than high school": "someone who left school early",
        "High school graduate": "someone who finished high school",
        "Some college, no degree": "someone who went to college for a while",
        "Associate's degree": "someone with an associate's degree",
        "College graduate/some postgrad": "a college graduate",
        "Postgraduate": "someone with a postgraduate degree",
    },
    "CITIZEN": {"Yes": "a citizen", "No": "someone who lives here without being a citizen"},
    "MARITAL": {
        "Married": "a married person",
        "Divorced": "someone who went through a divorce",
        "Separated": "someone who lives apart from a partner",
        "Widowed": "someone who lost a partner",
        "Never been married": "a single person",
    },
    "RELIG": {
        "Protestant": "a Protestant",
        "Roman Catholic": "a Catholic",
        "Mormon": "a Mormon",
        "Orthodox": "an Orthodox Christian",
        "Jewish": "a Jewish person",
        "Muslim": "a Muslim",
        "Buddhist": "a Buddhist",
        "Hindu": "a Hindu",
        "Atheist": "an atheist",
        "Agnostic": "an agnostic",
        "Other": "someone with a faith that few people share",
        "Nothing in particular": "someone without a particular religion",
    },
    "RELIGATTEND": {
        "More than once a week": "someone who goes to services several times a week",
        "Once a week": "someone who goes to services every week",
        "Once or twice a month": "someone who goes to services now and then",
        "A few times a year": "someone who goes to services on the big holidays",
        "Seldom": "someone who seldom goes to services",
        "Never": "someone who never goes to services",
    },
    "POLPARTY": {
        "Republican": "a Republican",
        "Democrat": "a Democrat",
        "Independent": "an independent",
        "Other": "someone who belongs to neither big party",
    },
    "INCOME": {
        "Less than $30,000": "someone with a small income",
        "$30,000-$50,000": "someone with a modest income",
        "$50,000-$75,000": "someone with a middle income",
        "$75,000-$100,000": "someone with a good income",
        "$100,000 or more": "someone who earns well",
    },
    "POLIDEOLOGY": {
        "Very conservative": "a very conservative person",
        "Conservative": "a conservative",
        "Moderate": "a moderate",
        "Liberal": "a liberal",
        "Very liberal": "a very liberal person",
    },
    "RACE": {
        "White": "a White person",
        "Black": "a Black person",
        "Asian": "an Asian American",
        "Hispanic": "a Hispanic person",
        "Other": "someone from a small minority",
    },
}
"""What stands after "As": by attribute and value."""

FAITHS: Mapping[str, str | None] = {
    "Protestant": "Christian",
    "Roman Catholic": "Christian",
    "Mormon": "Christian",
    "Orthodox": "Christian",
    "Jewish": "Jewish",
    "Muslim": "Muslim",
    "Buddhist": "Buddhist",
    "Hindu": "Hindu",
    "Other": "other",
    "Atheist": None,
    "Agnostic": None,
    "Nothing in particular": None,
}

REGIONS = ("Northeast", "Midwest", "South", "West")
PLACES = (
    "a small town",
    "a big city",
    "a suburb",
    "a quiet village",
    "a middle-sized city",
    "the country",
    "an old mill town",
    "a town by a river",
)

CAREERS = {
    "college": (
        "a teacher",
        "a nurse",
        "an engineer",
        "an accountant",
        "a librarian",
        "a social worker",
        "a programmer",
        "a manager",
        "a pharmacist",
        "a lawyer",
    ),
    "middle": (
        "an electrician",
        "a mechanic",
        "an office clerk",
        "a bookkeeper",
        "a police officer",
        "a store clerk",
        "a dental assistant",
        "a carpenter",
        "a mail carrier",
        "a cook",
    ),
    "hands": (
        "a truck driver",
        "a cashier",
        "a farm worker",
        "a cleaner",
        "a warehouse worker",
        "a server in a diner",
        "a home care aide",
        "a builder",
        "a bus driver",
        "a gardener",
    ),
}
STUDENT = "I am a student and work in a cafe on weekends."

HOBBIES = (
    "fishing",
    "gardening",
    "cooking",
    "reading",
    "long walks",
    "baseball",
    "music",
    "old movies",
    "baking",
    "hiking",
    "football on television",
    "playing cards",
    "knitting",
    "repairing old cars",
    "board games",
    "running",
)
