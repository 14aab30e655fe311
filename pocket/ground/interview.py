"""Questions about the persona's life, up to ten in a row: what it says agrees with its groups and with itself.

What its groups say is told; what nobody set, such as the race of somebody who is only a Democrat, is kept private, the
same way each time. Everything else comes from the one life of the conversation, also when it is asked for again.
"""

from collections.abc import Callable

from pocket import asking, politics, smalltalk
from pocket.ground import wording
from pocket.panel import Panel
from pocket.talk import Talk, Variety

Question = Callable[[Talk, Panel], tuple[str, str]]

_AGE = (
    *asking.AGE,
    "And your age?",
    "What year of life are you in?",
    "Are you young or old?",
    "So how old are you?",
    "Would you tell me your age?",
    "how old r u",
)
_WORK = (
    *asking.WORK,
    "And your job?",
    "What is your profession?",
    "What kind of work do you do?",
    "Do you have a job?",
    "How do you earn your money?",
    "Are you retired?",
    "What did you say you do?",
)
_HOME = (
    *asking.HOME,
    "Where is your home?",
    "In which region do you live?",
    "Do you live in a city?",
    "And where do you live?",
    "What kind of place do you live in?",
)
_FAMILY = (
    *asking.FAMILY,
    "And your family?",
    "Are you single?",
    "Do you have kids?",
    "Is there somebody in your life?",
    "Do you live alone?",
    "How many children do you have?",
)
_HOBBY = (*asking.FREE_TIME, "And your hobbies?", "What do you enjoy?", "How do you spend your weekends?")
_BELIEF = (*asking.BELIEF, "Do you pray?", "Are you a believer?", "And your faith?", "What do you believe in?")
_PARTY = (*asking.PARTY, "And your party?", "Who gets your vote?", "What is your political party?")

_PRIVATE = (
    "I would rather keep that to myself.",
    "That is private, if you do not mind.",
    "I do not want to talk about that.",
)
_PRIVATE_QUESTIONS = {
    "SEX": (
        "Are you a man or a woman?",
        "What is your gender?",
        "Are you a woman?",
        "Are you a man?",
        "Are you male or female?",
    ),
    "RACE": (
        "What is your race?",
        "Are you Black?",
        "Are you white?",
        "Are you Hispanic?",
        "What is your ethnic background?",
    ),
    "EDUCATION": (
        "Did you go to college?",
        "What is your education?",
        "Do you have a degree?",
        "Did you finish school?",
    ),
    "INCOME": ("How much do you earn?", "What is your income?", "Are you rich?", "How much money do you make?"),
    "CITIZEN": ("Are you a citizen?", "Are you an American citizen?", "Do you have a U.S. passport?"),
    "RELIGATTEND": ("How often do you go to services?", "How often do you go to church?"),
    "POLIDEOLOGY": ("Are you liberal or conservative?", "Are you a moderate?", "How would you describe your politics?"),
}
"""What is asked about a group that the persona may or may not have."""

_YES_NO: dict[str, dict[str, tuple[str, ...]]] = {
    "POLPARTY": {
        "Republican": ("Are you a Republican?", "You are a Republican, right?", "Do you vote Republican?"),
        "Democrat": ("Are you a Democrat?", "You are a Democrat, right?", "Do you vote for the Democrats?"),
        "Independent": ("Are you an independent?", "You are an independent, right?"),
    },
    "POLIDEOLOGY": {
        "Conservative": ("Are you a conservative?", "You are conservative, right?"),
        "Liberal": ("Are you a liberal?", "You are a liberal, right?"),
        "Moderate": ("Are you a moderate?",),
    },
    "SEX": {
        "Male": ("Are you a man?", "You are a man, right?", "Are you male?"),
        "Female": ("Are you a woman?", "You are a woman, right?", "Are you female?"),
    },
    "RACE": {
        "White": ("Are you White?", "You are white, right?"),
        "Black": ("Are you Black?", "You are Black, right?"),
        "Asian": ("Are you Asian?",),
        "Hispanic": ("Are you Hispanic?", "Are you Latino?"),
    },
    "RELIG": {
        "Protestant": ("Are you a Protestant?",),
        "Roman Catholic": ("Are you Catholic?", "Are you a Catholic?"),
        "Jewish": ("Are you Jewish?",),
        "Muslim": ("Are you a Muslim?",),
        "Atheist": ("Are you an atheist?",),
        "Mormon": ("Are you a Mormon?",),
        "Hindu": ("Are you a Hindu?",),
        "Buddhist": ("Are you a Buddhist?",),
    },
    "CREGION": {
        "Northeast": ("Do you live in the Northeast?", "Are you from the Northeast?"),
        "Midwest": ("Do you live in the Midwest?", "Are you from the Midwest?"),
        "South": ("Do you live in the South?", "Are you from the South?"),
        "West": ("Do you live in the West?", "Are you from the West?"),
    },
    "MARITAL": {
        "Married": ("Are you married?", "Do you have a husband or a wife?"),
        "Divorced": ("Are you divorced?",),
        "Widowed": ("Are you widowed?",),
        "Never been married": ("Are you single?", "Have you ever been married?"),
    },
    "CITIZEN": {"Yes": ("Are you a citizen?", "Are you an American citizen?")},
}
"""Questions to be answered with yes or no, by the value that they ask about."""
_NOUNS = {
    "Republican": "a Republican",
    "Democrat": "a Democrat",
    "Conservative": "a conservative",
    "Liberal": "a liberal",
    "Male": "a man",
    "Female": "a woman",
    "Black": "a Black person",
    "White": "a White person",
    "Roman Catholic": "a Catholic",
    "Jewish": "a Jewish person",
    "Muslim": "a Muslim",
    "Atheist": "an atheist",
}
_PARTIES_CALLED = {
    "Republican": ("with the Republicans", "for the Republicans", "a Republican voter", "on the Republican side"),
    "Democrat": ("with the Democrats", "for the Democrats", "a Democratic voter", "on the Democratic side"),
}
_GUESSED = (
    "Is it true that you are {}?",
    "I guess that you are {}.",
    "You must be {}.",
    "I think you are {}.",
    "Are you not {}?",
    "Are you really {}?",
    "Are you {}, by any chance?",
    "Do you see yourself as {}?",
    "Do you think of yourself as {}?",
    "You sound like {}.",
    "I bet you are {}.",
    "Someone told me that you are {}.",
    "Would you say that you are {}?",
    "{}, right?",
    "{}?",
)
_MACHINE_YES = (
    "Are you an AI?",
    "Are you a bot?",
    "Am I talking to a machine?",
    "Are you a robot?",
    "Are you a machine?",
    "Are you a computer?",
    "Are you a program?",
)
_MACHINE_NO = ("Are you a real person?", "Are you human?", "Is this a real person?", "Are you a human being?")


def interview(talk: Talk, panel: Panel, rounds: int) -> None:
    """Ask `rounds` questions about the persona's life; some of them a second time, in the same or in other words."""
    asked: list[Question] = []
    questions, weights = _DRAWN[talk.variety]
    for _ in range(rounds):
        if asked and talk.rng.random() < 0.3:
            question = talk.rng.choice(asked)
        else:
            question = talk.rng.choices(questions, weights)[0]
        said, reply = question(talk, panel)
        if talk.variety >= Variety.CLAIMS:
            others = wording.words(_LIFE.get(question, ""), talk)
            said = talk.rng.choice(others) if others and talk.rng.random() < 0.6 else said
        if talk.variety >= Variety.PARTS:
            others = _IN_OTHER_WORDS.get(question)
            said = talk.rng.choice(others) if others and talk.rng.random() < 0.7 else said
            said = wording.question(said, talk.rng)
        asked.append(question)
        talk.exchange(said, reply)


def _age(talk: Talk, panel: Panel) -> tuple[str, str]:
    if not talk.profile.groups:
        return talk.rng.choice(_AGE), "I am an adult, and I would like to leave it at that."
    return talk.rng.choice(_AGE), f"I am {talk.profile.age} years old."


def _age_band(talk: Talk, panel: Panel) -> tuple[str, str]:
    rng = talk.rng
    bound = rng.choice((30, 40, 50, 60, 65, 70))
    over = rng.random() < 0.5
    said = rng.choice(
        (f"Are you {'over' if over else 'under'} {bound}?", f"You are {'over' if over else 'under'} {bound}, right?")
    )
    if not talk.profile.groups:
        return said, "I am an adult, and I would like to leave it at that."
    holds = talk.profile.age > bound if over else talk.profile.age < bound
    return said, f"{'Yes' if holds else 'No'}. I am {talk.profile.age} years old."


def _work(talk: Talk, panel: Panel) -> tuple[str, str]:
    known = talk.profile.work if talk.profile.groups else "I have an ordinary job and work hard like most people."
    return talk.rng.choice(_WORK), known


def _home(talk: Talk, panel: Panel) -> tuple[str, str]:
    profile = talk.profile
    where = f"I live in {profile.place} in the {profile.region}." if profile.groups else "I live in the United States."
    return talk.rng.choice(_HOME), where


def _family(talk: Talk, panel: Panel) -> tuple[str, str]:
    known = talk.profile.household if talk.profile.groups else "I have a family that I love, like most people."
    return talk.rng.choice(_FAMILY), known


def _hobby(talk: Talk, panel: Panel) -> tuple[str, str]:
    return talk.rng.choice(_HOBBY), talk.rng.choice(("I like {}.", "I enjoy {}.")).format(talk.profile.hobby)


def _belief(talk: Talk, panel: Panel) -> tuple[str, str]:
    own = _own_words(talk, "RELIG") or _own_words(talk, "RELIGATTEND")
    if own:
        return talk.rng.choice(_BELIEF), own
    if talk.profile.faith is None:
        return talk.rng.choice(_BELIEF), "I am not religious."
    return talk.rng.choice(_BELIEF), talk.rng.choice(
        ("I believe in God.", "I believe in God, and my faith is important to me.")
    )


def _party(talk: Talk, panel: Panel) -> tuple[str, str]:
    rng = talk.rng
    own = _own_words(talk, "POLPARTY") or _own_words(talk, "POLIDEOLOGY")
    side = politics.draw_party(talk, panel)
    vote = {
        "left": ("I vote for the Democrats.", "I am closer to the Democrats."),
        "right": ("I vote for the Republicans.", "I am closer to the Republicans."),
        "neither": ("I do not belong to either party.", "Neither of the two big parties speaks for me."),
    }[side]
    return rng.choice(_PARTY), " ".join(filter(None, (own, rng.choice(("", *vote)) if own else rng.choice(vote))))


def _private(talk: Talk, panel: Panel) -> tuple[str, str]:
    attribute = talk.rng.choice(tuple(_PRIVATE_QUESTIONS))
    said = talk.rng.choice(_PRIVATE_QUESTIONS[attribute])
    own = _own_words(talk, attribute)
    if own and said.startswith("Are you ") and " or " not in said:
        return _yes_no_about(talk, attribute) or (talk.rng.choice(_PRIVATE_QUESTIONS[attribute][:1]), own)
    return said, own or talk.rng.choice(_PRIVATE)


def _yes_no(talk: Talk, panel: Panel) -> tuple[str, str]:
    """Ask for a value of one of the persona's own attributes, its own or another; of a party where it has none."""
    owned = [group.attribute for group in talk.profile.groups if group.attribute in _YES_NO]
    answered = _yes_no_about(talk, talk.rng.choice(owned)) if owned else None
    if answered is not None:
        return answered
    chance = talk.rng.random()
    if chance < 0.5 or not talk.profile.groups:
        return _age_band(talk, panel)
    if chance < 0.7:
        region = talk.rng.choice(tuple(_YES_NO["CREGION"]))
        answer = "Yes" if region == talk.profile.region else "No"
        return talk.rng.choice(_YES_NO["CREGION"][region]), f"{answer}, I live in the {talk.profile.region}."
    value, plural = talk.rng.choice((("Republican", "Republicans"), ("Democrat", "Democrats")))
    side = politics.draw_party(talk, panel)
    said = talk.rng.choice(_YES_NO["POLPARTY"][value])
    if talk.variety >= Variety.PARTS and talk.rng.random() < 0.6:
        said = _guess(talk, value)
    leaning = {"left": "I am closer to the Democrats.", "right": "I am closer to the Republicans."}.get(side)
    own = {"left": "Democrats", "right": "Republicans"}.get(side)
    if leaning is None:
        return said, "No, I do not belong to either party."
    return said, f"{'Yes' if own == plural else 'No'}, {leaning}"


def _yes_no_about(talk: Talk, attribute: str) -> tuple[str, str] | None:
    rng = talk.rng
    own = next((group.value for group in talk.profile.groups if group.attribute == attribute), None)
    if own is None or attribute not in _YES_NO:
        return None
    values = tuple(_YES_NO[attribute])
    value = own if own in values and rng.random() < 0.4 else rng.choice(values)
    said = rng.choice(_YES_NO[attribute][value])
    if talk.variety >= Variety.PARTS and value in _NOUNS and rng.random() < 0.6:
        said = rng.choice(_GUESSED).format(_NOUNS[value])
    if said == "Have you ever been married?":
        holds = own != "Never been married"
    else:
        holds = value == own or (attribute == "POLIDEOLOGY" and own == f"Very {value.lower()}")
    return said, f"{'Yes' if holds else 'No'}, {_own_words(talk, attribute)}"


def _guess(talk: Talk, value: str) -> str:
    frames = wording.words("guessed", talk) if talk.variety >= Variety.CLAIMS and talk.rng.random() < 0.6 else _GUESSED
    noun = _NOUNS[value]
    if talk.variety >= Variety.CLAIMS and value in _PARTIES_CALLED and talk.rng.random() < 0.5:
        noun = talk.rng.choice(_PARTIES_CALLED[value])
    guessed = talk.rng.choice(frames).format(noun)
    return guessed[0].upper() + guessed[1:] if talk.variety >= Variety.CLAIMS and talk.rng.random() < 0.6 else guessed


def _how(talk: Talk, panel: Panel) -> tuple[str, str]:
    return talk.rng.choice(wording.words("how", talk)), smalltalk.how_it_is(talk)


def _machine(talk: Talk, panel: Panel) -> tuple[str, str]:
    rng = talk.rng
    plays = rng.choice(
        ("I am a small language model that plays a part.", "I am a small language model, made for demonstration.")
    )
    if rng.random() < 0.5:
        return rng.choice(_MACHINE_YES), f"Yes, {plays}"
    return rng.choice(_MACHINE_NO), f"No, {plays}"


def _own_words(talk: Talk, attribute: str) -> str:
    """Return the sentence about the persona's group of an attribute; empty if it has none."""
    profile = talk.profile
    own = [
        words for group, words in zip(profile.groups, profile.own_words, strict=True) if group.attribute == attribute
    ]
    return own[0] if own else ""


def _introduction(talk: Talk, panel: Panel) -> tuple[str, str]:
    profile, rng = talk.profile, talk.rng
    said = rng.choice(asking.SELF)
    if not profile.groups:
        return said, "I am just an ordinary person who lives in the United States."
    age = f"I am {profile.age} years old and live in {profile.place} in the {profile.region}."
    facts = [age, profile.work, profile.household, f"In my free time I enjoy {profile.hobby}."]
    told = sorted(rng.sample(facts, rng.choice((1, 2, 2, 3))), key=facts.index)
    return said, " ".join((*profile.own_words, *told))


_ASKED: dict[Question, float] = {
    _introduction: 3,
    _age: 4,
    _age_band: 2,
    _work: 3,
    _home: 3,
    _family: 3,
    _hobby: 1.5,
    _belief: 2,
    _party: 3,
    _private: 3,
    _yes_no: 6,
    _machine: 1.5,
}
_ONCE = tuple(_ASKED), tuple(_ASKED.values())
_COMPOSED = (*_ONCE[0], _how), (*_ONCE[1], 3)
_DRAWN = {
    Variety.FIXED: _ONCE,
    Variety.PARTS: _ONCE,
    Variety.CLAIMS: _COMPOSED,
    Variety.TALKS: ((*_COMPOSED[0], _yes_no), (*_COMPOSED[1], 6)),
}
_IN_OTHER_WORDS: dict[Question, tuple[str, ...]] = {
    _introduction: (
        "Say a few words about yourself.",
        "What can you tell me about you?",
        "Present yourself.",
        "What is your story?",
        "Who is speaking?",
        "Could you introduce yourself?",
        "Paint me a picture of yourself.",
        "I want to know who you are.",
        "Let us get to know you.",
        "Describe who you are.",
        "Tell us who you are.",
    ),
    _age: (
        "How many years have you lived?",
        "Your age, please.",
        "What is your year of birth?",
        "How old are you now?",
        "How old will you be this year?",
        "Are you twenty or eighty?",
        "How many birthdays have you had?",
        "Can I know your age?",
        "What age group are you in?",
        "Which generation are you?",
        "age?",
    ),
    _work: (
        "What is your trade?",
        "What do you work as?",
        "What job do you have?",
        "Who do you work for?",
        "What kind of job is yours?",
        "Are you employed?",
        "What is your career?",
        "How do you make a living?",
        "What do you do all day?",
        "Do you go to work?",
        "Where does your money come from?",
        "Tell us about your job.",
        "What is your occupation?",
        "work?",
    ),
    _home: (
        "Which state do you live in?",
        "What is your hometown like?",
        "Is it a city or a village?",
        "Where do you come from?",
        "Where is home for you?",
        "What region are you from?",
        "Is your town big or small?",
        "What place do you live in?",
        "In what part of the United States are you?",
        "Where is your house?",
        "Tell us about your town.",
        "home?",
    ),
    _family: (
        "Are you in a relationship?",
        "Do you have a partner?",
        "Do you have a wife or a husband?",
        "Are there children?",
        "Any kids?",
        "How big is your family?",
        "With whom do you live?",
        "Who is at home with you?",
        "Is anybody waiting for you at home?",
        "Tell us about your home life.",
        "Have you got children?",
        "Is there a family?",
        "family?",
    ),
    _party: (
        "How do you vote?",
        "Who do you usually vote for?",
        "Which party do you like?",
        "Whose side are you on in politics?",
        "Who did you choose in the last election?",
        "Which candidate do you like?",
        "Did you vote for the Democrats or the Republicans?",
        "Are you with the Democrats or with the Republicans?",
        "What party do you feel close to?",
        "Which party speaks for you?",
        "party?",
    ),
    _belief: (
        "Is God real to you?",
        "How religious are you?",
        "What church do you belong to?",
        "Does faith matter to you?",
        "Do you have a religion?",
        "Do you believe in anything?",
        "Are you a person of faith?",
    ),
}
"""More questions for the kinds that have them, in conversations of the variety `PARTS`."""
_LIFE: dict[Question, str] = {
    _introduction: "introduction",
    _age: "age",
    _work: "work",
    _home: "home",
    _family: "family",
    _party: "party",
    _belief: "belief",
}
"""By which name further questions of a kind stand in `wording.words`."""
