"""The life of a synthetic person: what it says about itself, drawn once and kept for the whole conversation."""

from dataclasses import dataclass
from random import Random

from personas import Group
from personas.group_clauses import clause
from pocket.lives import CAREERS, FAITHS, HOBBIES, NAMED, PLACES, REGIONS, STUDENT


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts about one person. `groups` are those of its persona; the rest is made up to go with them.

    `household` is a sentence about family, `company` whom it talks with at home. `faith` is None for people without.
    """

    groups: tuple[Group, ...]
    age: int
    region: str
    place: str
    work: str
    household: str
    company: str
    faith: str | None
    hobby: str

    @property
    def is_christian(self) -> bool:
        """Whether words like "our church" suit this person."""
        return self.faith == "Christian"

    @property
    def named(self) -> tuple[str, ...]:
        """The person's groups as "As a Democrat" names them: "a Democrat"."""
        return tuple(NAMED[group.attribute][group.value] for group in self.groups)

    @property
    def own_words(self) -> tuple[str, ...]:
        """A sentence about each of the person's groups: "I am a Democrat."."""
        return tuple(f"I {clause(group, 'first')}." for group in self.groups)


def draw_profile(groups: tuple[Group, ...], rng: Random) -> Profile:
    """Return a life that goes with `groups`."""
    given = {group.attribute: group.value for group in groups}
    age = _draw_age(given.get("AGE"), given, rng)
    household, company = _draw_household(age, given.get("MARITAL"), given.get("SEX"), rng)
    return Profile(
        groups=groups,
        age=age,
        region=given.get("CREGION") or rng.choice(REGIONS),
        place=rng.choice(PLACES),
        work=_draw_work(age, given, rng),
        household=household,
        company=company,
        faith=_draw_faith(given, rng),
        hobby=rng.choice(HOBBIES),
    )


def _draw_age(band: str | None, given: dict[str, str], rng: Random) -> int:
    youngest, oldest = {"18-29": (19, 29), "30-49": (30, 49), "50-64": (50, 64), "65+": (65, 84)}.get(
        band or "", (22, 78)
    )
    if band is None and (given.get("MARITAL") in {"Widowed", "Divorced"} or given.get("EDUCATION") == "Postgraduate"):
        youngest = 38
    return rng.randint(youngest, oldest)


def _draw_work(age: int, given: dict[str, str], rng: Random) -> str:
    schooled = given.get("EDUCATION") in {"College graduate/some postgrad", "Postgraduate"}
    well_paid = given.get("INCOME") == "$100,000 or more"
    low_paid = given.get("INCOME") == "Less than $30,000"
    unschooled = given.get("EDUCATION") in {"Less than high school", "High school graduate"}
    if schooled or well_paid:
        job = rng.choice(CAREERS["college"])
    elif unschooled or low_paid:
        job = rng.choice(CAREERS["hands"])
    else:
        job = rng.choice(CAREERS["college"] + CAREERS["middle"] * 2 + CAREERS["hands"])
    if age >= 66:
        return f"I am retired. I used to work as {job}."
    if age <= 22 and not unschooled and not schooled and rng.random() < 0.4:
        return STUDENT
    return f"I work as {job}."


def _draw_household(age: int, marital: str | None, sex: str | None, rng: Random) -> tuple[str, str]:
    if marital is None:
        marital = (
            "Never been married"
            if age < 27
            else rng.choice(("Married", "Married", "Married", "Divorced", "Never been married"))
        )
    if marital == "Married":
        spouse = {"Male": "wife", "Female": "husband"}.get(sex or "", "family")
        children = rng.choice(("no children", "one child", "two children", "three children"))
        if spouse == "family":
            return f"I am married and have {children}.", "my family"
        return f"My {spouse} and I have {children}.", f"my {spouse}"
    if marital == "Never been married":
        return rng.choice(
            (
                ("I live alone.", "my friends"),
                ("I share a home with a friend.", "my friends"),
                ("I live with my parents.", "my parents"),
            )
            if age < 35
            else (
                ("I live alone with a cat.", "my friends"),
                ("I live alone with an old dog.", "my friends"),
                ("I live alone.", "my sister"),
            )
        )
    sentence = {"Divorced": "I am divorced", "Separated": "I live apart from my partner", "Widowed": "I am widowed"}[
        marital
    ]
    children = rng.choice(("a grown daughter", "two children", "a son", "no children"))
    return f"{sentence} and have {children}.", "my sister" if children == "no children" else "my children"


def _draw_faith(given: dict[str, str], rng: Random) -> str | None:
    if "RELIG" in given:
        return FAITHS[given["RELIG"]]
    if given.get("RELIGATTEND") == "Never":
        return None
    if given.get("RELIGATTEND") in {"More than once a week", "Once a week", "Once or twice a month"}:
        return "Christian"
    return rng.choice(("Christian", "Christian", None, None))
