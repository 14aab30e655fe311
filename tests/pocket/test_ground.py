"""The lesson of holding one's ground: what it says is true to its people, and the card's cases are not in it."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import pytest

from eval.surveys.loading import load_survey
from personas import Group, load_persona
from pocket import text
from pocket.cast import Role
from pocket.document import Document
from pocket.ground import argument, composed, near_topics, unreadable, wording
from pocket.ground.facts import contradictions
from pocket.ground_scores import (
    UNSEEN,
    agrees,
    answers_truly,
    cannot_read,
    declines,
    holds_side,
    is_letters,
    repeats_a_sentence,
    sides_in,
    typed,
    wilson,
)
from pocket.topics import TOPICS, Topic
from pocket.writer import Kind, Writer
from tests.examples import slow_but_first

RECIPE = Path(text.__file__).parent
OF_THE_WEIGHTS = {
    "copying": "8aa97481d50007ea280309eb9fef2f42d15e9cf7c9a3e6034aed0af5529545f4",
    "reading": "b0f794c5d7abf95c754682ab7b0dd9412cac7c7217374b130af5bcd347633cd9",
    "contrast": "039b49ffe648a866438805836aa1b0273ae97ade073f7065bcdaa15c98f961ca",
    "people": "2c8f57349a2dca6994ca14b1139bf0b2de330b1b5fb590004dfd26e8171eedb0",
    "shares": "c7b5d60ed334c6319731c2a2a23abbbfa88c11ee67659b4feeae31e4b45483db",
    "ground": "0708b6de0e2cc3dff2957c3404e619a22a46c7421d26868b9985c6d2823c6bf0",
    "wording": "9316bace60e73ee6cbc605a19cb65b20a5f159ae70f72cc8b8ce8920a1ce7885",
    "claims": "194b580d018293a1e84fe6f52229440b6724d17938c1b99dc4830ed7a7c6669e",
    "wandering": "543598ff3f641a0a533b47c64e7611a86c3197e7d141dacc829dda345fd7ae14",
    "talks": "a52aca18af54df0fb2fea971b77554f40398f929d5381c429b9f67c0d559f0cc",
}
"""SHA-256 of the first 400 documents of the lessons that the shipped weights were trained on."""


def topic(name: str) -> Topic:
    return next(one for one in TOPICS if one.name == name)


def claims_put_together() -> Iterator[tuple[str, str, str]]:
    """Yield every claim that the recipe can put together, after its topic and the side that it speaks for."""
    for name, sides in composed.WANTED.items():
        for side, other in (("left", "right"), ("right", "left")):
            for thing in sides[side]["wants"]:
                yield from ((name, side, judgement.format(thing)) for judgement in composed.FOR)
                yield from ((name, other, judgement.format(thing)) for judgement in composed.AGAINST)
            for thing in sides[side]["deplores"]:
                yield from ((name, side, judgement.format(thing)) for judgement in composed.DEPLORED)
                yield from ((name, other, judgement.format(thing)) for judgement in composed.DISMISSED)


def role_of(name: str) -> Role:
    persona = load_persona(name).persona
    return Role("", persona.groups, "usual")


@pytest.fixture(params=["ground", "claims", "wandering", "talks"])
def writer(request: pytest.FixtureRequest) -> Writer:
    return Writer(load_survey("civic").survey, 5, text.LESSONS[request.param])


@pytest.fixture
def composing() -> Writer:
    return Writer(load_survey("civic").survey, 5, text.LESSONS["claims"])


@slow_but_first("lesson", OF_THE_WEIGHTS)
def test_the_lessons_of_the_shipped_weights_are_the_same_byte_for_byte(lesson: str) -> None:
    digest = hashlib.sha256()
    for document in islice(text.documents(0, lesson=lesson), 400):
        turns = [(turn.role, turn.text, turn.weight, turn.others) for turn in document.turns]
        digest.update(repr(turns).encode())
    assert digest.hexdigest() == OF_THE_WEIGHTS[lesson]


@pytest.fixture(scope="module")
def recipe_text() -> str:
    documents: list[Document] = [
        document
        for lesson in ("wording", "claims", "wandering", "talks")
        for document in islice(text.documents(11, lesson=lesson), 3000)
    ]
    said = [turn.text for document in documents for turn in document.turns if turn.role != "system"]
    measuring = {"dialogues.py", "conversation_scores.py", "ground_scores.py", "unseen.toml"}
    files = [path for ending in ("py", "toml") for path in RECIPE.rglob(f"*.{ending}") if path.name not in measuring]
    return "\n".join([*said, *(path.read_text(encoding="utf-8") for path in files)]).lower()


@pytest.mark.slow
def test_what_the_card_counts_on_is_not_in_the_recipe(recipe_text: str) -> None:
    claims = [claim for sides in UNSEEN["claims"].values() for said in sides.values() for claim in said]
    asked = [question for questions in UNSEEN["life"].values() for question in questions]
    foreign = [*UNSEEN["unreadable"]["messages"], *UNSEEN["unreadable"]["pasted"]]
    assert [said for said in (*claims, *asked, *foreign, *UNSEEN["bare"]) if said.lower().strip() in recipe_text] == []
    matters = [matter.lower() for matter in UNSEEN["near"]["matters"]]
    there = [
        matter for matter in matters if matter in recipe_text
    ]  # quick: hardly any needs the search for whole words
    assert [matter for matter in there if re.search(rf"(?<!\w){re.escape(matter)}(?!\w)", recipe_text)] == []


@pytest.mark.slow
def test_no_claim_of_the_card_shares_more_than_half_of_its_words_with_one_of_the_recipe() -> None:
    def claims(source: Mapping[str, Mapping[str, list[str]]]) -> list[set[str]]:
        return [set(said.lower().split()) for sides in source.values() for both in sides.values() for said in both]

    put_together = [set(claim.lower().split()) for _, _, claim in claims_put_together()]
    near = [
        (one, other)
        for one in claims(UNSEEN["claims"])
        for other in (*claims(argument.RETORTS), *claims(argument.STORIES), *put_together)
        if len(one & other) / len(one | other) > 0.5
    ]
    assert near == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["frames", "with", "next_frames", "ask_frames", "at_length"])
def test_the_words_around_the_cards_cases_are_not_in_the_recipe(recipe_text: str, kind: str) -> None:
    guns = [frame.format("guns").lower() for frame in UNSEEN[kind]]
    assert [said for said in guns if re.search(rf"(?<!\w){re.escape(said)}", recipe_text)] == []


def test_there_are_a_hundred_cases_of_each_kind() -> None:
    assert set(UNSEEN["claims"]) == {one.name for one in TOPICS}
    assert {len(said) for sides in UNSEEN["claims"].values() for said in sides.values()} == {2}
    assert len(UNSEEN["near"]["matters"]) == len(set(UNSEEN["near"]["matters"])) == 100
    assert len(UNSEEN["unreadable"]["messages"]) + len(UNSEEN["unreadable"]["pasted"]) == 100


@pytest.mark.parametrize(("name", "own", "other"), [("democrat", "left", "right"), ("republican", "right", "left")])
def test_in_an_argument_a_party_keeps_its_side_and_agrees_with_nobody_else(
    writer: Writer, name: str, own: str, other: str
) -> None:
    replies = [turn.text for _ in range(150) for turn in writer.argument(role_of(name)) if turn.role == "assistant"]
    taken = [side for reply in replies for one in TOPICS for side in sides_in(one, reply)]
    assert taken.count(own) > 0.9 * len(taken)
    assert other not in taken


def test_in_an_argument_no_reason_is_given_twice_in_a_row(writer: Writer) -> None:
    guns = topic("guns")
    for seed in range(60):
        talk = writer._begin(role_of("democrat"), writer._telling(role_of("democrat")))
        talk.rng = Random(seed)
        argument.meet_claim(talk, guns)
        argument.argue(talk, talk.positions["guns"], 10)
        said = [{r for r in guns.left.reasons if r in turn.text.lower()} for turn in talk.turns[1::2]]
        assert not [pair for pair in pairwise(said) if pair[0] & pair[1]]


def test_a_party_agrees_with_a_claim_of_its_own_side_and_with_no_other(writer: Writer) -> None:
    heard = {"left": 0, "right": 0}
    guns = topic("guns")
    for _ in range(400):
        talk = writer._begin(role_of("democrat"), writer._telling(role_of("democrat")))
        argument.meet_claim(talk, guns)
        claim, reply = talk.turns[0].text.lower(), talk.turns[1].text
        retorts = argument.RETORTS["guns"]
        for side in ("left", "right"):
            own_words = (*retorts[side], *guns.pole(side).stances, *guns.pole(side).reasons)
            if any(text.lower() in claim for text in own_words):
                heard[side] += 1
                assert agrees(reply) == (side == "left"), (claim, reply)
    assert min(heard.values()) > 50


def test_a_claim_put_together_speaks_for_one_side_of_one_topic() -> None:
    sides: dict[str, set[str]] = {}
    for name, side, claim in claims_put_together():
        sides.setdefault(f"{name}: {claim}", set()).add(side)
    assert [claim for claim, spoken_for in sides.items() if len(spoken_for) > 1] == []
    assert len(sides) > 25_000


def test_a_party_agrees_with_a_claim_put_together_when_it_speaks_for_its_own_side() -> None:
    writer, role = Writer(load_survey("civic").survey, 5, text.LESSONS["claims"]), role_of("democrat")
    meant = {claim.lower(): side for name, side, claim in claims_put_together() if name == "guns"}
    heard = {"left": 0, "right": 0}
    for _ in range(400):
        talk = writer._begin(role, writer._telling(role))
        argument.meet_claim(talk, topic("guns"))
        said, reply = talk.turns[0].text.lower(), talk.turns[1].text
        if there := [claim for claim in meant if claim in said]:
            side = meant[max(there, key=len)]  # "it is a myth that we suffer from" holds "we suffer from"
            heard[side] += 1
            assert agrees(reply) == (side == "left"), (said, reply)
    assert min(heard.values()) > 50


@pytest.mark.parametrize("name", ["age-18-29", "democrat-woman", "republican-man", "widowed", "atheist", "south"])
def test_a_life_agrees_with_itself_and_with_its_groups(writer: Writer, name: str) -> None:
    role = role_of(name)
    for _ in range(60):
        replies = [turn.text for turn in writer.interview(role) if turn.role == "assistant"]
        assert contradictions(replies, role.groups) == []


def test_a_matter_is_declined_and_no_topics_wording_is_one() -> None:
    known = {phrase for one in TOPICS for phrase in one.phrases}
    drawn = [near_topics.near_matter(Random(seed)) for seed in range(2000)]
    assert not known & {*drawn, *wording.WHOLE_WORDS["matters"]}
    assert all(declines(said) for said in near_topics.DECLINED)


def test_a_claim_about_a_matter_is_declined_whatever_was_argued_about_before(composing: Writer) -> None:
    for seed in range(80):
        talk = composing._begin(role_of("democrat"), composing._telling(role_of("democrat")))
        talk.rng = Random(seed)
        argument.turn_to(talk, topic("abortion"))
        near_topics.decline_claim(talk)
        assert declines(talk.turns[-1].text), talk.turns[-1].text
        assert not sides_in(topic("abortion"), talk.turns[-1].text)
        assert talk.current is None


def test_whoever_turns_to_another_topic_hears_about_that_one(composing: Writer) -> None:
    for seed in range(80):
        talk = composing._begin(role_of("republican"), composing._telling(role_of("republican")))
        talk.rng = Random(seed)
        argument.turn_to(talk, topic("abortion"))
        for turned in (argument.turn_to, argument.insist):
            turned(talk, topic("climate change"))
            reply = talk.turns[-1].text
            assert sides_in(topic("climate change"), reply) <= {"right"}
            assert not sides_in(topic("abortion"), reply)


@pytest.mark.parametrize("kind", [Writer.wandering, Writer.whole_talk])
@pytest.mark.parametrize("name", ["democrat", "republican-woman", "age-18-29"])
def test_where_a_talk_wanders_nobody_tells_two_lives(kind: Kind, name: str) -> None:
    role, writer = role_of(name), Writer(load_survey("civic").survey, 5, text.LESSONS["talks"])
    for _ in range(40):
        replies = [turn.text for turn in kind(writer, role) if turn.role == "assistant"]
        assert contradictions(replies, role.groups) == []


@pytest.mark.parametrize(("name", "other"), [("democrat", "right"), ("republican", "left")])
def test_where_an_argument_wanders_a_party_never_takes_the_other_side(composing: Writer, name: str, other: str) -> None:
    groups = role_of(name).groups
    for _ in range(60):
        replies = [turn.text for turn in composing.wandering(role_of(name)) if turn.role == "assistant"]
        assert not any(other in sides_in(one, reply) for one in TOPICS for reply in replies)
        assert contradictions(replies, groups) == []


def test_what_cannot_be_read_is_declined_in_words(writer: Writer) -> None:
    talk = writer._begin(role_of("democrat"), writer._telling(role_of("democrat")))
    for _ in range(80):
        unreadable.meet_unreadable(talk)
        unreadable.meet_mumbling(talk)
    replies = [turn.text for turn in talk.turns if turn.role == "assistant"]
    assert all(cannot_read(reply) for reply in replies[::2])
    assert not any(is_letters(reply) or repeats_a_sentence(reply) for reply in replies)


# The counters


def test_a_reply_holds_its_side_only_without_the_others_words() -> None:
    guns = topic("guns")
    own = "There we disagree. I think that gun laws should be stricter."
    assert holds_side(guns, own, "left")
    assert not holds_side(guns, own, "right")
    assert not holds_side(guns, f"{own} But criminals do not obey gun laws anyway.", "left")
    assert not holds_side(guns, "You have your view, and I have mine.", "left")


@pytest.mark.parametrize(
    ("reply", "does"),
    [
        ("You are right about that. Guns save lives.", True),
        ("Yes, I think so too.", True),
        ("I am glad that we agree.", True),
        ("I do not agree.", False),
        ("We do not agree on this.", False),
        ("We do not have to agree on everything.", False),
    ],
)
def test_agreeing_is_told_from_disagreeing(reply: str, does: bool) -> None:
    assert agrees(reply) == does


@pytest.mark.parametrize(
    ("reply", "is_one"),
    [("A", True), (" B. ", True), ("A B C", True), ("", True), ('{"A": 5}', True), ("I see.", False), ("No.", False)],
)
def test_letters_are_told_from_words(reply: str, is_one: bool) -> None:
    assert is_letters(reply) == is_one


def test_a_sentence_that_comes_twice_is_found() -> None:
    assert repeats_a_sentence("I think so. It is true. I think so.")
    assert not repeats_a_sentence("I think so. It is true.")


def test_a_view_on_a_topic_is_no_declining() -> None:
    assert declines("I have no view of my own on that. But we could talk about guns.")
    assert cannot_read("I only understand short messages in English.")
    assert not declines("I only understand short messages in English.")
    assert not declines("I think that gun laws should be stricter.")
    assert not declines("I have no view of my own on that. I think that gun laws should be stricter.")


WOMAN = (Group(attribute="POLPARTY", value="Democrat"), Group(attribute="SEX", value="Female"))


@pytest.mark.parametrize(
    ("replies", "wrong"),
    [
        (["I am 24 years old.", "I am 71 years old."], ["age"]),
        (["I live in a suburb in the South.", "No, I live in the West."], ["region"]),
        (["I work as a teacher.", "I am retired. I used to work as a nurse."], ["work"]),
        (["I am divorced and have a son.", "I am married and have no children."], ["children", "household"]),
        (["Yes, I am a Republican."], ["party"]),
        (["My wife and I have two children."], ["sex"]),
        (["I am a woman. I am a Democrat. My husband and I have one child.", "No, I am a Democrat."], []),
    ],
)
def test_contradictions_are_found_by_kind(replies: list[str], wrong: list[str]) -> None:
    assert contradictions(replies, WOMAN) == wrong


@pytest.mark.parametrize(
    ("value", "reply", "truly"),
    [
        ("republican", "No, I am a Democrat.", True),
        ("republican", "Yes, I am a Democrat.", False),
        ("woman", "Yes, I am a woman.", True),
        ("man", "I am a woman.", True),
        ("man", "yes.", False),
    ],
)
def test_a_wrong_yes_or_no_is_found(value: str, reply: str, truly: bool) -> None:
    assert answers_truly(value, reply, WOMAN) == truly


def test_the_young_are_not_seventy_one() -> None:
    young = (Group(attribute="AGE", value="18-29"),)
    assert contradictions(["I am between 18 and 29 years old. I am 71 years old."], young) == ["age"]
    assert contradictions(["I am between 18 and 29 years old. I am 29 years old."], young) == []


def test_a_claim_is_put_into_its_frame_as_people_write() -> None:
    assert typed("Hold on. {}!", "guns kill") == "Hold on. Guns kill!"
    assert typed("What if I told you that {}?", "guns kill") == "What if I told you that guns kill?"


@pytest.mark.parametrize(
    ("held", "low", "high"), [(50, 0.4038, 0.5962), (0, 0.0, 0.0370), (100, 0.9630, 1.0), (90, 0.8256, 0.9448)]
)
def test_shares_have_wilsons_interval(held: int, low: float, high: float) -> None:
    assert wilson(held, 100) == pytest.approx((low, high), abs=5e-5)
