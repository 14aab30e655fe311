"""Masking: addresses and numbers by which a person could be reached are replaced in what people wrote.

The rules find e-mail addresses, addresses of the web, handles (`@name`), phone numbers and card numbers, and put
`[EMAIL]`, `[URL]`, `[HANDLE]`, `[PHONE]` and `[CARD]` in their place. They leave years, dates, ages, amounts and
ranges, and they find no names of people and places: nothing here makes a text anonymous.

With Presidio, which is optional, its recognisers of patterns are asked as well. None of them needs a model or the
network. Its recognisers of names, nationalities, religions and politics are never asked: a corpus of political talk
would lose what it is about.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from chat_personas.corpus.errors import ExportError

Mask = Callable[[str], str]
"""Returns a text without addresses and numbers of people."""

INSTALL = "python -m pip install 'chat-personas[presidio]'"

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ENDINGS = "com|org|net|edu|gov|mil|info|biz|io|app|dev"
_NOT_AT_END = r"""[^\s.,;:!?'")\]}>]"""
_TO = rf"""(?:[^\s<>"]*{_NOT_AT_END})"""
_GAP = r"[ .()/\u00a0\u2011-]{0,2}"
_NOT_GROUPED = r"(?!(?<=\d[ \u00a0])\d{3}(?:[ \u00a0]\d{3})+(?![ \u00a0]?\d))"
"""What follows a digit and a space is not the rest of a number in groups of three, as in 1 000 000."""
_RULES = rf"""
    (?P<URL>
        (?:https?|ftp)://{_TO}
        | \bwww\.{_TO}
        | (?<![\w@.-])(?:{_LABEL}\.){{1,5}}(?:{_ENDINGS})(?:\.[a-z]{{2}})?(?::\d+)?(?![\w@-]|\.\w)(?:/{_TO}?)?
        | (?<![\w@.-])(?:{_LABEL}\.){{1,5}}[a-z]{{2}}/{_TO}
    )
    | (?P<EMAIL>[\w.!\#$%&'*+/=?^`{{|}}~-]{{1,64}}@(?:[\w-]{{1,63}}\.){{1,8}}[\w-]{{1,63}})
    | (?P<HANDLE>(?<![\w@])@(?=[\d_.-]*[^\W\d_])\w(?:[\w.-]{{0,62}}\w)?(?:@(?:[\w-]{{1,63}}\.){{1,8}}[\w-]{{1,63}})?)
    | (?P<date>
        (?<![\w./-])(?:\d{{4}}(?P<by>[./-])\d{{1,2}}(?P=by)\d{{1,2}}|\d{{1,2}}(?P<of>[./-])\d{{1,2}}(?P=of)(?:\d{{4}}|\d{{2}}))(?!\d|[./-]\d)
    )
    | (?P<CARD>
        (?<![\w+.-])[2-6](?:
            \d{{12,18}}
            | \d{{3}}(?P<gap>[ -])(?:\d{{4}}(?P=gap)\d{{4}}(?P=gap)\d{{1,4}}(?:(?P=gap)\d{{3}})?|\d{{6}}(?P=gap)\d{{5}})
        )(?!\w|[.-]\d)
    )
    | (?P<PHONE>
        (?<![\w.+])\+\(?\d(?:{_GAP}\d){{6,14}}(?!\d)
        | (?<![\w.,-])00[1-9](?:{_GAP}\d){{8,13}}(?!\w|[.,-]\d)
        | (?<![\w.,-]){_NOT_GROUPED}\(?0\d(?:{_GAP}\d){{7,10}}(?!\w|[.,-]\d)
        | (?<![\w.,-])(?:1[ .-]?)?(?:\([2-9]\d\d\)[ .-]?|[2-9]\d\d[ .-])\d{{3}}[ .-]\d{{4}}(?!\w|[.,-]\d)
        | (?<![\w.,-])1?[2-9]\d\d[2-9]\d{{6}}(?!\w|[.,-]\d)
    )
    """
_KINDS = ("URL", "EMAIL", "HANDLE", "CARD", "PHONE")
"""What is replaced; a date is found as well, so that it is not taken for a number."""
_RULE = re.compile(_RULES, re.VERBOSE | re.IGNORECASE)
_NAMED_NUMBER = re.compile(
    r"\b((?:tele)?phone|tel|cell|mobile|call|dial|fax|sms|text|whatsapp)\b([^\d\n]{0,24}?)"
    rf"(?!(?:19|20)\d\d\D{{1,5}}(?:19|20)\d\d\b)(?<![\d,.$])([(]?\d(?:{_GAP}\d){{6,14}})(?![\w%]|[.,]\d)",
    re.IGNORECASE,
)
"""A number that a word before it says is a phone's, however it is written; two years are not."""
_MAY_HOLD = re.compile(r"@|\w\.\w|://|(?:\d[^\w\n]{0,3}){7}")
"""What a text must have for a rule to find anything: a sign of an address, or seven digits close together."""


def masked(text: str) -> str:
    """Return a text with what the rules find replaced. A text without such things is returned as it is."""
    if _MAY_HOLD.search(text) is None:
        return text
    return _NAMED_NUMBER.sub(r"\1\2[PHONE]", _RULE.sub(_placeholder, text))


def unmasked(text: str) -> str:
    """Return a text as it is: no masking."""
    return text


def _placeholder(found: re.Match[str]) -> str:
    kind = next((kind for kind in _KINDS if found[kind] is not None), None)
    if kind is None or (kind == "CARD" and not _is_card(found.group())):
        return found.group()
    return f"[{kind}]"


def _is_card(text: str) -> bool:
    """Whether the check digit of a card number is right (Luhn, ISO/IEC 7812)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_RECOGNISERS = (
    "CreditCardRecognizer",
    "CryptoRecognizer",
    "IbanRecognizer",
    "IpRecognizer",
    "MacAddressRecognizer",
    "PhoneRecognizer",
    "UkNinoRecognizer",
    "UsItinRecognizer",
    "UsSsnRecognizer",
)
"""Those of Presidio that are asked. The ones for e-mail and the web fetch a list of domains, and have rules here."""
_LEAST_SCORE = 0.4
"""Below it, Presidio says that a pattern alone proves nothing."""


def presidio() -> Mask:
    """Return a mask that asks Presidio's recognisers of patterns after the rules.

    Raises:
        ExportError: Presidio is not installed.
    """
    try:
        from presidio_analyzer import predefined_recognizers
    except ImportError as error:
        raise ExportError(f"--masking presidio needs presidio-analyzer; install it with: {INSTALL}") from error
    recognisers = [getattr(predefined_recognizers, name)() for name in _RECOGNISERS]
    return lambda text: _ask(recognisers, masked(text))


def _ask(recognisers: Sequence[Any], text: str) -> str:
    """Replace what the recognisers find, from the end of a text to its beginning."""
    found = [
        (result.start, result.end, result.entity_type)
        for recogniser in recognisers
        for result in recogniser.analyze(text, recogniser.supported_entities, None)
        if result.score >= _LEAST_SCORE
    ]
    end = len(text)
    for start, stop, kind in sorted(found, key=lambda one: (one[0], one[1]), reverse=True):
        if stop <= end:
            text = f"{text[:start]}[{kind}]{text[stop:]}"
            end = start
    return text
