"""HTML in the texts of a survey: tools for questionnaires on the web export `<b>old</b>` and `Don&#39;t know`.

A model would read the tags as part of the question, so they are taken out, with a note. Only tags that HTML has are
taken for tags: "<$30,000>" stays as it is.
"""

import html
import re
from functools import lru_cache

from eval.surveys.spelling import comparable

_NAMES = (
    "a|abbr|b|big|blockquote|body|br|button|center|code|dd|div|dl|dt|em|font|form|h[1-6]|head|hr|html|i|img|input|"
    "label|li|mark|nobr|ol|o:p|p|pre|q|s|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|"
    "th|thead|tr|tt|u|ul"
)
_ATTRIBUTE = r"""\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
_TAG = re.compile(rf"<(/?)({_NAMES})(?:{_ATTRIBUTE})*\s*/?>", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_BREAKS = re.compile(r"br|p|div|li|tr|hr|h[1-6]|blockquote|ul|ol|table|dd|dt", re.IGNORECASE)
_TIMES = 2
"""How often a text is cleaned: some tools escape what is escaped already, "&amp;nbsp;" or "&lt;b&gt;"."""


def without_markup(text: str) -> str:
    """Return `text` without the tags and comments of HTML and with its entities as characters.

    A tag that begins a line, such as `<br>`, is a line break; another one leaves no trace.
    """
    for _ in range(_TIMES):
        if "<" not in text and "&" not in text:
            break
        text = _TAG.sub(_in_place_of, _HIDDEN.sub("", text))
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    return _TAG.sub(_in_place_of, text) if "<" in text else text


def _in_place_of(tag: re.Match[str]) -> str:
    if _BREAKS.fullmatch(tag.group(2)):
        return "\n"
    return " " if tag.group(2).lower() in ("td", "th") else ""


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """Return that by which importers compare texts: without HTML, and whatever the typography."""
    return comparable(without_markup(text))
