"""A reply of any form is cut into parts that are quickly drawn, and no character of it is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.tui.widgets.reply_parts import next_part, plain_markdown, plain_part
from tests.examples import share

MARKS = st.text(alphabet="ab1.)-+*#>|`~=_[]<&\\ \n\u200b\u0301\u3042", max_size=400)
BLOCKS = st.sampled_from(
    ["---\n", "# h\n", "> q\n", "- x\n", "  - y\n", "1. z\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "\n"]
)


def parts(text: str) -> list[tuple[str, bool]]:
    """Cut `text` into its parts; the last one may be plain."""
    found = []
    while text:
        part = next_part(text)
        assert part.length > 0
        found.append((text[: part.length], part.plain))
        if part.plain:
            assert part.length == len(text)
        text = text[part.length :]
    return found


def widgets(text: str) -> int:
    """Count the blocks in `text` as the Markdown parser sees them: the least number of widgets that it takes."""
    return sum(
        token.type in ("hr", "fence", "code_block", "heading_open", "paragraph_open", "th_open", "td_open")
        for token in plain_markdown().parse(text)
    )


@settings(max_examples=share(60))
@given(st.lists(BLOCKS | MARKS, max_size=60).map("".join))
def test_the_parts_are_the_text_and_none_takes_many_widgets(text: str) -> None:
    found = parts(text)
    assert "".join(part for part, _ in found) == text
    assert all(widgets(part) <= 80 for part, plain in found if not plain)
    assert not any(plain for _, plain in found[:-1])


@pytest.mark.parametrize(
    "text",
    [
        ">" * 50 + " deep\n",
        "> " * 20_000,
        ">" * 50 + " deep\n\n" + "ordinary\n\n" * 500,
        "".join("  " * depth + "- deep\n" for depth in range(12)),
        "|a" * 100 + "|\n" + "|-" * 100 + "|\n",
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 100,
        "```\n" + "x = 1\n" * 2000,
        "x" * 20_000,
        "\u200b\u0301" * 20_000,
    ],
)
def test_a_block_that_is_too_deep_too_wide_or_too_long_is_plain(text: str) -> None:
    assert parts(text) == [(text, True)]
    assert parts(f"Before it.\n\n{text}")[-1] == (text, True)


def test_a_text_of_many_blocks_is_cut_between_them_and_plain_after_the_last_for_which_there_is_room() -> None:
    found = [next_part("---\n" * 200, widgets=room) for room in (240, 20, 19)]
    assert [(part.length, part.widgets, part.plain) for part in found[:2]] == [(80, 20, False)] * 2
    assert found[2].plain


@pytest.mark.parametrize("words", [1, 5, 10])
def test_paragraphs_of_any_length_are_drawn_twenty_at_a_time(words: int) -> None:
    paragraph = "word " * words + "end.\n\n"
    assert next_part(paragraph * 100).length == 20 * len(paragraph)


def test_a_long_list_is_cut_between_its_items() -> None:
    part = next_part("".join(f"{number}. item\n" for number in range(1, 40)))
    assert part.continues
    assert part.length == len("1. item\n2. item\n3. item\n4. item\n")


@pytest.mark.parametrize("text", ["", "One.", "One.\n\nTwo.\n\n- a\n- b\n", "Title\n===\n\n```\ncode\n```\n"])
def test_an_ordinary_text_is_one_part(text: str) -> None:
    part = next_part(text)
    assert (part.length, part.plain) == (len(text), False)


def test_of_a_plain_text_the_first_characters_and_lines_are_drawn() -> None:
    assert plain_part("x" * 8001) == "x" * 8000
    assert plain_part("a\n" * 300) == "a\n" * 199 + "a"
    assert plain_part("a\nb") == "a\nb"
