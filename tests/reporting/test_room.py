"""What the room answered: bars that are exactly as wide as they should be, and what stands with them."""

import pytest

from chat_personas.conversation.room import Room, members_meant, question_meant
from chat_personas.reporting.room import figure_document, in_a_line, page_document, segments, text_lines
from eval.surveys.loading import load_survey
from tests.eval.fake_engine import FakeEngine
from tests.reporting.reading import LOADING, rows, seen, words

CIVIC = load_survey("civic")
PARTY = ("POLPARTY=Democrat",)


@pytest.mark.parametrize(
    ("reply", "quote"),
    [
        (
            "I think that **more guns** make\na country *more* dangerous.",
            "I think that more guns make a country more dangerous.",
        ),
        ("# My view\n\n1. checks\n2. a licence\n\n- `safe` storage", "My view 1. checks 2. a licence safe storage"),
        ("2 * 3 * 4 is 24, and a_b_c stays.", "2 * 3 * 4 is 24, and a_b_c stays."),
        ("1984. That was a book.", "1984. That was a book."),
        ("```\nif a < b\n```\n> said <b>she</b>", "if a < b said <b>she</b>"),
        ("red\x1b[31m", "red␛[31m"),
        ("[here](https://example.org)", "here"),
        ("", ""),
    ],
)
def test_a_quote_has_the_words_of_a_reply_and_not_the_marks_of_its_markdown(reply: str, quote: str) -> None:
    assert in_a_line(reply) == quote


@pytest.mark.parametrize("width", [4, 7, 10, 33, 80])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (1 / 3, 1 / 3, 1 / 3), (0.07, 0.21, 0.52, 0.2), (0.0, 1.0)])
def test_a_bar_is_exactly_as_wide_as_it_should_be(shares: tuple[float, ...], width: int) -> None:
    parts = segments(shares, width)

    assert sum(map(len, parts)) == width
    assert all(abs(len(part) - share * width) < 1 for part, share in zip(parts, shares, strict=True))


def test_each_part_has_its_letter_and_its_percentage_where_there_is_room() -> None:
    assert segments((0.5, 0.25, 0.15, 0.1), 20) == ["A━━━ 50 ━━", "B 25 ", "C──", "D┄"]


def test_an_option_that_nobody_chose_has_no_part() -> None:
    assert segments((1.0, 0.0), 10) == ["A━━ 100 ━━", ""]


async def test_a_member_that_does_not_answer_has_a_reason_in_place_of_a_bar() -> None:
    mumbling = FakeEngine({"GUNCONTRIBA_W26": {"It adds a lot": 0.1}})
    room = Room(mumbling, question_meant("GUNCONTRIBA_W26", (), CIVIC), members_meant(PARTY, CIVIC))
    async for _ in room.measure():
        pass
    report = room.report()

    shown = "\n".join(text_lines(report, 80))
    assert shown.count("does not answer (label mass 0.100") == 2
    assert shown.count("A━") == 2  # people's bars
    assert words(figure_document(report)).count("does not answer") == 2
    assert "orders agree 1.00" not in shown


async def test_orders_that_disagree_are_marked() -> None:
    by_letter = FakeEngine({"own/survey": {"Yes": 0.9}, "own/reversed": {"No": 0.9}})
    room = Room(by_letter, question_meant("Is it warm?", ("Yes", "No"), CIVIC), members_meant(PARTY, CIVIC))
    async for _ in room.measure():
        pass

    assert sum("! orders disagree -1.00, order bias 1.00" in line for line in text_lines(room.report(), 80)) == 2


async def test_the_table_of_the_page_has_the_figures_in_percent() -> None:
    engine = FakeEngine({"own": {"Yes": 0.6, "No": 0.2}})
    room = Room(engine, question_meant("Is it warm?", ("Yes", "No"), CIVIC), members_meant(PARTY, CIVIC))
    async for _ in room.measure():
        pass

    found = rows(page_document(room.report()), "Shares in percent, refusals apart")
    assert found["A Democrat"] == ["75.0", "25.0", "0.000", "1.00", "0.00", "—"]


async def test_hostile_options_load_nothing_and_control_no_terminal() -> None:
    options = ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>")
    question = question_meant("<b>Is it?</b> Really?", options, CIVIC)
    room = Room(FakeEngine(), question, members_meant(PARTY, CIVIC))
    async for _ in room.measure():
        pass

    page = seen(page_document(room.report()))
    assert not page.names & LOADING
    assert "<script>alert(1)</script>" in page.text
