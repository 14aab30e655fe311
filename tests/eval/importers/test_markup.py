"""HTML goes from the texts of a survey, and what only looks like it stays."""

import pytest

from eval.importers.markup import bare, without_markup


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("The <b>old</b> bridge", "The old bridge"),
        ('<span style="color:red" class=x>Yes</span>', "Yes"),
        ("one<br>two<BR/>three<br />four", "one\ntwo\nthree\nfour"),
        ("<p>one</p><p>two</p>", "\none\n\ntwo\n"),
        ("<td>a</td><td>b</td>", " a  b "),
        ("tea &amp; cake", "tea & cake"),
        ("Don&#39;t, don&#x27;t, don&rsquo;t", "Don't, don't, don\u2019t"),
        ("tea&nbsp;time", "tea\u00a0time"),
        ("tea&amp;nbsp;time", "tea\u00a0time"),
        ("&lt;b&gt;old&lt;/b&gt; tea", "old tea"),
        ("yes<!-- a remark --><style>p {color: red}</style>", "yes"),
    ],
)
def test_tags_comments_and_entities_are_taken_out(written: str, plain: str) -> None:
    assert without_markup(written) == plain


@pytest.mark.parametrize(
    "text",
    ["<$30,000", "< 18 or > 65", "a<b and c>d", "<18>", "R&D", "AT&T;", "&unheardof;", "<your town>", "I <3 tea", ""],
)
def test_what_is_no_html_stays_as_it_is(text: str) -> None:
    assert without_markup(text) == text


def test_texts_are_compared_without_html_and_typography() -> None:
    assert bare("<b>Don&rsquo;t</b> know") == bare("Don't  know")
