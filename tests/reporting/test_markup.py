"""Whatever a text holds, in a page or a figure it is text."""

import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from chat_personas.reporting.markup import element, number, style_element
from tests.reporting.reading import seen

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=[]), max_size=40)


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_is_one_text_and_any_attribute_one_attribute(text: str, value: str) -> None:
    markup = str(element("p", text, title=value))
    parsed = ElementTree.fromstring(markup)
    assert (parsed.tag, list(parsed), list(parsed.attrib)) == ("p", [], ["title"])
    assert seen(markup).names == {"p"}
    for said in (parsed.text or "", parsed.attrib["title"]):
        assert all(character in "\n\t" or ord(character) >= 0x20 for character in said)
        assert "\x7f" not in said
        assert "\x9b" not in said


def test_what_would_be_markup_is_read_as_it_was_written() -> None:
    written = "<script>alert(\"1\") && 'x' ]]></script>"
    assert ElementTree.fromstring(str(element("p", written))).text == written


def test_control_characters_are_made_visible() -> None:
    assert str(element("p", "a\x1b[2J\u202eb")) == "<p>a␛[2J&lt;202E&gt;b</p>"


def test_what_cannot_stand_in_xml_is_replaced() -> None:
    assert str(element("p", "\ufffe\uffff\ud800")) == "<p>\ufffd\ufffd\ufffd</p>"


def test_nothing_is_nothing() -> None:
    assert str(element("p", None, [], class_=None, hidden=False)) == "<p></p>"
    assert str(element("input", checked=True, for_="a", aria_label="b")) == (
        '<input checked="checked" for="a" aria-label="b" />'
    )


def test_lengths_have_two_decimals_at_most() -> None:
    assert [number(value) for value in (0, -0.001, 1.0, 2.5, 1 / 3, 100)] == ["0", "0", "1", "2.5", "0.33", "100"]


def test_a_sheet_cannot_end_its_own_element() -> None:
    try:
        style_element("</style>")
    except ValueError:
        return
    raise AssertionError("it was taken")
