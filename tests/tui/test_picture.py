"""The README's picture looks the same in every viewer and fetches nothing."""

from scripts.pictures.portable_svg import CELL, portable

RICH = (
    "<svg><style>@font-face { src: url(https://fonts.example/f.woff); }\n"
    ".t { font-family: Fira Code, monospace; font-size: 20px; }</style>"
    '<text class="t-r1" x="12.2" y="18.5" textLength="97.6" clip-path="url(#l)">&#160;ab&#160;&lt;●─&#160;</text></svg>'
)


def test_no_address_is_left_in_the_picture() -> None:
    assert "http" not in portable(RICH)


def test_every_word_stands_at_its_own_column_and_blanks_are_left_out() -> None:
    drawn = portable(RICH)

    assert f'<text class="t-r1" x="{12.2 + CELL:.1f}" y="18.5">ab</text>' in drawn
    places = " ".join(f"{12.2 + CELL * column:.1f}" for column in (4, 5, 6))
    assert f'<text class="t-r1" x="{places}" y="18.5">&lt;●─</text>' in drawn
    assert "textLength" not in drawn
