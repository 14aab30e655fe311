"""Addresses and numbers by which a person could be reached are masked, and nothing else is."""

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat_personas.corpus.export.masking import masked, presidio

MASKED = [
    ("mail me at ann.o'neil+x@mail.example.co.uk, ok?", "mail me at [EMAIL], ok?"),
    ("<jürgen@münchen.example>", "<[EMAIL]>"),
    ("see https://example.com/a?b=c&d=%20#e.", "see [URL]."),
    ("(www.example.de/bar)", "([URL])"),
    ("Example.com, bbc.co.uk/news", "[URL], [URL]"),
    ("on twitter @jane_doe!", "on twitter [HANDLE]!"),
    ("@a@mastodon.social said", "[HANDLE] said"),
    ("call +1 (555) 123-4567 now", "call [PHONE] now"),
    ("+4930123456, +33 6 12 34 56 78", "[PHONE], [PHONE]"),
    ("555-123-4567 or (212) 555-0123 or 212.555.0123", "[PHONE] or [PHONE] or [PHONE]"),
    ("1-800-555-0199 and 2125550123", "[PHONE] and [PHONE]"),
    ("020 7946 0958, 030/1234567, 06 12 34 56 78, 0049 30 1234567", "[PHONE], [PHONE], [PHONE], [PHONE]"),
    ("my phone: 555-0199", "my phone: [PHONE]"),
    ("text me on 44 20 7946 0958.", "text me on [PHONE]."),
    ("card 4111 1111 1111 1111 or 5500-0000-0000-0004", "card [CARD] or [CARD]"),
    ("378282246310005", "[CARD]"),
]

LEFT = [
    "In 2016 and 2020, from 2016-2020, in the 1990s",
    "01/02/2024 10:30, 12.05.1980, 1-2-24",
    "2024-11-28 14:37:12",
    "1-800 people, between 500-1000 people, call 500 people",
    "$1,234,567.89, 1 000 000 000 euros, 20.000.000 EUR, £30",
    "1,500,000-2,000,000, 8000000000 people, +5% and +1000",
    "aged 18-24, 65+, 5'11\"",
    "10:30-11:45, 24/7, 9/11, COVID-19, Article 230(c)(1), H.R. 1319",
    "3.14159265358, 0.123456789, 6.02e23",
    "zip 12345-6789",
    "4111 1111 1111 1112 is not a card: its check digit is wrong",
    "the text 2016-2020; phone use in 2016 and 2020",
    "U.S. and e.g. this.So; node.js; and/or",
    "me @ home, 3 @5 dollars, a@b",
    "As a Catholic from Mexico I vote for the Democrats; my imam is a Republican.",
]


@pytest.mark.parametrize(("text", "expected"), MASKED)
def test_what_reaches_a_person_is_replaced(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize("text", LEFT)
def test_years_dates_ages_amounts_and_opinions_stay(text: str) -> None:
    assert masked(text) == text


def with_check_digit(digits: str) -> str:
    """A number with the digit that makes the sum of Luhn's algorithm a multiple of ten."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def letters(rng: random.Random) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9)))


def digits(rng: random.Random, count: int = 4) -> str:
    return "".join(rng.choices("0123456789", k=count))


def domain(rng: random.Random) -> str:
    return f"{letters(rng)}.{rng.choice(['com', 'org', 'co.uk', 'de', 'example'])}"


ADDRESSES: tuple[Callable[[random.Random], str], ...] = (
    lambda rng: f"{letters(rng)}.{letters(rng)}@{domain(rng)}",
    lambda rng: f"https://{domain(rng)}/{letters(rng)}?id={digits(rng)}",
    lambda rng: f"www.{domain(rng)}",
    lambda rng: f"@{letters(rng)}_{letters(rng)}",
    lambda rng: f"+44 20 {digits(rng)} {digits(rng)}",
    lambda rng: f"212-555-{digits(rng)}",
    lambda rng: f"(415) 555 {digits(rng)}",
    lambda rng: f"0{rng.choice(['30', '171', '69'])} {digits(rng)}{digits(rng)}",
    lambda rng: with_check_digit(f"4{digits(rng, 14)}"),
)
planted = st.builds(lambda form, rng: form(rng), st.sampled_from(ADDRESSES), st.randoms(use_true_random=False))
WORDS = ("I", "am", "here,", "call", "or", "in", "(yes)")
words = st.lists(st.sampled_from(WORDS), max_size=4)
figures = st.lists(st.sampled_from(["2020.", "60%", "in", "$5"]), max_size=3)


def check_masked(before: list[str], address: str, after: list[str]) -> None:
    """Check that nothing of an address is left in the text around it, and that the words before it are."""
    text = masked(" ".join([*before, address, *after]))
    parts = [part for part in re.split(r"\W+", address) if len(part) > 2]
    assert address not in text
    assert [part for part in parts if part in re.sub(r"\[[A-Z]+\]|2020|60", "", text)] == []
    assert masked(text) == text
    assert [word for word in before if word not in text] == []


@given(st.builds(list.__add__, figures, words), planted, st.builds(list.__add__, words, figures))
@example([], "@a_b", [])
@example([], "4000000000000002", ["60%"])
@example(["$5"], "030 00000000", [])
def test_nothing_of_a_planted_address_or_number_survives(before: list[str], address: str, after: list[str]) -> None:
    check_masked(before, address, after)


def test_of_fifteen_thousand_planted_addresses_and_numbers_none_survives() -> None:
    rng = random.Random(17)
    for _ in range(15_000):
        before, after = (rng.choices(WORDS, k=rng.randint(0, 4)) for _ in range(2))
        check_masked(before, rng.choice(ADDRESSES)(rng), after)


@given(st.text(st.characters(exclude_characters="@.:/0123456789", exclude_categories=("Nd", "Cs"))))
def test_a_text_without_digits_dots_and_signs_is_the_same_byte_for_byte(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("unit", ["a", "a.", "1 ", "@", "0", "(", "+1-", "www.", "a@a."])
def test_a_long_text_of_anything_comes_to_an_end(unit: str) -> None:
    assert len(masked(unit * 30_000)) > 0


class TestPresidio:
    """Masking with the recognisers of Presidio, which is optional."""

    def test_numbers_of_accounts_and_machines_are_masked_as_well(self) -> None:
        pytest.importorskip("presidio_analyzer", reason="presidio-analyzer is not installed")
        mask = presidio()
        assert mask("pay DE89370400440532013000 or ann@example.org") == "pay [IBAN_CODE] or [EMAIL]"
        assert mask("from 192.168.13.7") == "from [IP_ADDRESS]"

    @pytest.mark.parametrize("text", [*LEFT[-1:], "I am Polish, Jewish and a socialist. Anna from Berlin is Muslim."])
    def test_names_nationality_religion_and_politics_stay(self, text: str) -> None:
        pytest.importorskip("presidio_analyzer", reason="presidio-analyzer is not installed")
        assert presidio()(text) == text
