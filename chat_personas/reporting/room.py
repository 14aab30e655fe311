"""What the room answered, in words, as bars of characters, as a figure (SVG) and as a page (HTML).

A distribution is one bar that is cut into the options, each with its letter and its share in percent, so that the bars
of several groups can be compared from top to bottom, without colours, too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from chat_personas.reporting.html.layout import CAUTION, bullets, definitions, table, titled, warning, whole_page
from chat_personas.reporting.in_sentences import in_sentence
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, MISSING, plain
from chat_personas.reporting.svg.primitives import MARGIN, SMALL, TEXT, WIDTH, fitted, framed, lines
from chat_personas.reporting.verdicts import WHY_NOT_VALID
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    EVERYONE,
    answers_of,
    figures_described,
    groups_label,
    model_described,
    sentence,
)
from chat_personas.text import pluralize, printable, without_drawing

if TYPE_CHECKING:
    from chat_personas.conversation.room import RoomAnswer, RoomReport

ALONE = (
    "one question alone has no verdict: it cannot show whether the model answers, or follows the letters; "
    "chat-personas eval PERSONA can"
)
ALONE_IN_SHORT = "one question alone has no verdict: the model may follow the letters"
ORDERS_EXPLAINED = (
    "orders agree: 1 = the same answer in both option orders, 0 and below = another one; order bias: how much of the "
    "answer changes with the order"
)
ONE_REPLY = "a reply in words is one draw of the model, and no person's words"
NO_PEOPLE = "no human figures for this group"
LEAST_AGREEMENT = 0.5
"""Below this the two orders are said to disagree: the limit that a whole survey has (`eval.scoring.validity`)."""
FILLS = "━═─┄╍"
"""What the parts of a bar are drawn with, one after the other, so that neighbours differ without colours."""


def letter(place: int) -> str:
    """Return the letter that stands for the option at this place, from 0, wherever a bar is drawn."""
    return ascii_uppercase[place]


def option_lines(options: Sequence[str]) -> list[str]:
    """Return the options with their letters: `A It helps a lot`."""
    return [f"{letter(place)} {printable(text)}" for place, text in enumerate(options)]


def in_a_line(reply: str) -> str:
    """Return a reply as a quote of one line: its words without the marks of Markdown, cleaned for a terminal."""
    from markdown_it import MarkdownIt  # slow to import, and only quotes need it

    words = []
    for block in MarkdownIt("commonmark", {"html": False}).parse(reply):
        if block.type == "list_item_open" and block.info:
            words.append(f"{block.info}{block.markup}")
        elif block.type == "inline":
            words.append("".join(" " if each.type in _LINE_BREAKS else each.content for each in block.children or ()))
        elif block.content:
            words.append(block.content)
    return " ".join(printable(" ".join(words)).split())


_LINE_BREAKS = ("softbreak", "hardbreak")


def segments(shares: Sequence[float], width: int) -> list[str]:
    """Cut a bar of exactly `width` cells into the options; each part has its letter and, with room, its percentage.

    Cells are given by largest remainders, so that no part is off by a whole cell. A part without a cell is empty.
    """
    exact = [share * width for share in shares]
    cells = [int(each) for each in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: (cells[place] - exact[place], place))
    for place in by_remainder[: width - sum(cells)]:
        cells[place] += 1
    return [_segment(place, share, count) for place, (share, count) in enumerate(zip(shares, cells, strict=True))]


def _segment(place: int, share: float, cells: int) -> str:
    if cells == 0:
        return ""
    fill, number = FILLS[place % len(FILLS)], f" {100 * share:.0f} "
    rest = cells - 1 - len(number)
    if rest < 0:
        return letter(place) + fill * (cells - 1)
    before = (rest + 1) // 2
    return letter(place) + fill * before + number + fill * (rest - before)


def people_name(answer: "RoomAnswer") -> str:
    """Name the people whose answers stand beside a persona's: `Democrat answers`, or `everyone's answers`."""
    return answers_of(groups_label(answer.persona.groups)) if answer.persona.groups else EVERYONE


def why_no_bar(answer: "RoomAnswer") -> str | None:
    """Say why a member has no distribution to show; None where it has one."""
    if answer.model is None:
        return None if answer.why is None else f"no answer: {printable(answer.why)}"
    return None if answer.valid else f"does not answer (label mass {plain(answer.label_mass)}: {WHY_NOT_VALID})"


def agreement_words(answer: "RoomAnswer") -> str:
    """Say how far the option orders agree: `orders agree 0.93, order bias 0.08`; empty where there are not two."""
    if answer.order_agreement is None or why_no_bar(answer):
        return ""
    agreement, bias = (plain(each, decimals=COMPACT) for each in (answer.order_agreement, answer.order_bias))
    disagree = answer.order_agreement < LEAST_AGREEMENT
    return f"{'! orders disagree' if disagree else 'orders agree'} {agreement}, order bias {bias}"


def people_line(answer: "RoomAnswer") -> str:
    """Name the people of a bar and say how many they are: `↑ Democrat answers (n 1,483)`."""
    return f"↑ {people_name(answer)}{_how_many(answer)}"


def misses(shares: Sequence[float], people: Sequence[float]) -> str:
    """Say how far shares are from people's: total variation, as how many of 100 answers would have to move."""
    return f"{50 * sum(abs(one - other) for one, other in zip(shares, people, strict=True)):.0f} of 100"


def guess_line(guess: Sequence[float], model: Sequence[float] | None, people: Sequence[float]) -> str:
    """Say how many of 100 answers a guess and, where it answered, the model would have to move to match people's."""
    persona = "" if model is None else f"; the model: {misses(model, people)}"
    return f"answers that would have to move to match people's: the guess: {misses(guess, people)}{persona}"


def circumstances(report: "RoomReport") -> Iterator[str]:
    """Yield what a reader must know before any figure, most important first."""
    if report.model.demonstration:
        yield DEMONSTRATION
    if report.question.options:
        yield ALONE
    elif report.answers:
        yield "asked without options: there are replies in words and no figures"
    yield asked_how(report)


def asked_how(report: "RoomReport") -> str:
    """Say which model was asked how, and whose answers stand beside its own."""
    asked = f"model {model_described(report.model)} · {report.expression}"
    if report.survey is None:
        return f"{asked} · a question in your own words: no human figures"
    return f"{asked} · survey {printable(report.survey.name)} ({figures_described(report.survey)})"


def text_lines(report: "RoomReport", width: int) -> Iterator[str]:
    """Yield what a terminal of `width` columns shows: the question, each member's bars and quote, and the remarks."""
    yield printable(report.question.stem)
    yield from (f"  {line}" for line in option_lines(report.question.options))
    yield ""
    room = max(10, width - 2)
    for answer in report.answers:
        yield "  ".join(filter(None, (printable(answer.title), agreement_words(answer))))
        if (why := why_no_bar(answer)) is not None:
            yield f"  {why}"
        elif answer.model is not None:
            yield f"  {''.join(segments(answer.model, room))}"
        if answer.people is not None:
            yield f"  {''.join(segments(answer.people.distribution, room))}"
            yield f"  {people_line(answer)}"
        if answer.quote is not None:
            yield f"  “{in_a_line(answer.quote)}”"
        if answer.unheard is not None:
            yield f"  no whole reply: {printable(answer.unheard)}"
        yield ""
    if report.question.options:
        yield ORDERS_EXPLAINED
    if any(answer.quote is not None for answer in report.answers):
        yield ONE_REPLY


def _how_many(answer: "RoomAnswer") -> str:
    return "" if answer.people is None or answer.people.n is None else f" (n {answer.people.n:,.0f})"


# Row by row, for people who listen


def figures_read(
    answer: "RoomAnswer",
    number: int,
    options: Sequence[str],
    *,
    guess: Sequence[float] | None = None,
    revealed: bool = False,
) -> Iterator[str]:
    """Yield a member's shares in percent, a row for each option, each with its heading; nothing before it is asked.

    `guess` stands between the model's shares and people's, and those only once they are `revealed`.
    """
    heading, people = _heading(answer, number), answer.people if revealed else None
    if (why := why_no_bar(answer)) is not None:
        yield f"{heading}: {in_sentence(why)}"
    elif agreement := agreement_words(answer):
        yield f"{heading}: {in_sentence(agreement.removeprefix('! '))}"
    named = {
        "model": answer.model if answer.valid else None,
        "guess": guess,
        "people": None if people is None else people.distribution,
    }
    for place, option in enumerate(options):
        shares = [f"{name} {100 * each[place]:.0f} percent" for name, each in named.items() if each is not None]
        if shares:
            yield f"{heading}, {without_drawing(option)}: {', '.join(shares)}."
    if people is not None:
        yield f"{heading}: People's are {people_name(answer)}{_how_many(answer)}."
        if guess is not None:
            yield f"{heading}: {in_sentence(guess_line(guess, named['model'], people.distribution))}"
    elif revealed and options:
        yield f"{heading}: {sentence(NO_PEOPLE)}"


def reply_read(answer: "RoomAnswer", number: int) -> Iterator[str]:
    """Yield a member's reply in words after its heading, or why it is missing or not whole; nothing before it came."""
    if answer.quote is not None:
        yield f"{_heading(answer, number)}, in words: {without_drawing(in_a_line(answer.quote))}"
    if answer.unheard is not None:
        yield f"{_heading(answer, number)}: No whole reply: {in_sentence(printable(answer.unheard))}"


def _heading(answer: "RoomAnswer", number: int) -> str:
    return f"Answer {number}, {without_drawing(answer.title)}"


# The figure

NAMES, BAR, PEOPLE_BAR, BETWEEN = 22.0, 4.2, 3.0, 2.4
"""The width of the names, and heights: of the model's bar, of people's, and between two members."""
GREYS = ("#1a1a1a", "#8c8c8c", "#d0d0d0", "#5a5a5a", "#b0b0b0")
"""The parts of a bar; neighbours differ on paper, too."""
DARK = frozenset({"#1a1a1a", "#5a5a5a"})
"""Parts that are written on in white."""
BOLD = 1.12
"""How much wider bold text is."""
ACROSS = WIDTH - MARGIN - (NAMES + 2 * MARGIN)


def figure_document(report: "RoomReport") -> str:
    """Return the chart as a self-contained SVG file; the same answers give the same bytes."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{figure(report)}'


def figure(report: "RoomReport") -> Element:
    """Draw each member's distribution, with people's below it, and the options and circumstances as captions."""
    drawn: list[Node] = []
    y = MARGIN
    for line in lines(printable(report.question.stem), TEXT, (WIDTH - 2 * MARGIN) / BOLD):
        y += TEXT * 1.35
        drawn.append(_text(line, MARGIN, y, TEXT, font_weight="bold"))
    y += BETWEEN
    for answer in report.answers:
        rows = list(_member(answer, y))
        drawn += [row for _, row in rows]
        y = max((end for end, _ in rows), default=y) + BETWEEN
    captions = [*option_lines(report.question.options), *map(sentence, circumstances(report))]
    if report.question.options:
        captions.append(sentence(ORDERS_EXPLAINED))
    for caption in captions:
        for line in lines(caption, SMALL, WIDTH - 2 * MARGIN):
            y += SMALL * 1.35
            drawn.append(_text(line, MARGIN, y, SMALL))
    return framed(
        f"What the room answers: {printable(report.question.stem)}",
        " ".join(_described(report)),
        y + 2 * MARGIN,
        *drawn,
    )


def _member(answer: "RoomAnswer", y: float) -> Iterator[tuple[float, Node]]:
    """Yield a member's bars with the height at which each ends."""
    at = NAMES + 2 * MARGIN
    yield y + BAR, _text(fitted(printable(answer.title), TEXT, NAMES), MARGIN, y + 3, TEXT)
    if (why := why_no_bar(answer)) is not None:
        yield y + BAR, _text(fitted(why, SMALL, ACROSS), at, y + 3, SMALL)
    elif answer.model is not None:
        yield y + BAR, _bar(answer.model, at, y, BAR, "model")
    agreement = agreement_words(answer)
    y += BAR + 0.6
    if agreement:
        for line, words in enumerate(agreement.split(", ")):
            yield y + PEOPLE_BAR, _text(words, MARGIN, y + 2.1 + line * 2.7, SMALL, class_="quiet", fill="#444")
    if answer.people is not None:
        yield y + PEOPLE_BAR, _bar(answer.people.distribution, at, y, PEOPLE_BAR, "people")
        yield (
            y + PEOPLE_BAR + 2.8,
            _text(people_line(answer), at, y + PEOPLE_BAR + 2.2, SMALL, class_="quiet", fill="#444"),
        )


def _bar(shares: Sequence[float], x: float, y: float, height: float, kind: str) -> Iterator[Node]:
    for place, share in enumerate(shares):
        colour, width = GREYS[place % len(GREYS)], share * ACROSS
        yield element(
            "rect",
            element("title", f"{letter(place)}: {100 * share:.0f}%"),
            x=x,
            y=y,
            width=width,
            height=height,
            class_=f"part {kind}",
            fill=colour,
            stroke="#fff",
            stroke_width=0.2,
        )
        written = f"{letter(place)} {100 * share:.0f}" if width > 6 else letter(place)
        if width > 2.4:
            ink = "#fff" if colour in DARK else "#000"
            yield _text(written, x + 0.6, y + height / 2 + 0.7, SMALL, fill=ink, class_="share")
        x += width


def _described(report: "RoomReport") -> Iterator[str]:
    options = report.question.options
    for answer in report.answers:
        if answer.model is not None and why_no_bar(answer) is None:
            yield f"{printable(answer.title)}: {_in_words(options, answer.model)}."
        if answer.people is not None:
            yield f"{people_name(answer)}: {_in_words(options, answer.people.distribution)}."


def _in_words(options: Sequence[str], shares: Sequence[float]) -> str:
    return ", ".join(f"{printable(text)} {100 * share:.0f}%" for text, share in zip(options, shares, strict=True))


def _text(text: str, x: float, y: float, size: float, **attributes: str | None) -> Element:
    return element("text", text, x=x, y=y, font_size=size, **attributes)


# The page


def page_document(report: "RoomReport") -> str:
    """Return the page as HTML: the chart, every figure as a table, and the replies in words."""
    about, *remarks = circumstances(report)
    header = element(
        "header",
        element("h1", printable(report.question.stem)),
        warning(about),
        [element("p", sentence(remark), class_="about") for remark in remarks],
        element("p", CAUTION, class_="note"),
    )
    chart = element("div", figure(report), class_="figure") if report.question.options else None
    main = element(
        "main",
        chart,
        titled("What each answered", [_figures(report)] if report.question.options else []),
        titled("In words", _quotes(report)),
        titled("How it was made", [_made(report)]),
    )
    return whole_page(f"{printable(report.question.stem)}: the room", [header, main])


WRITERS: "Mapping[str, Callable[[RoomReport], str]]" = {
    ".html": page_document,
    ".svg": figure_document,
    ".json": lambda report: report.to_json(),
}
"""What the name of a file says should be written to it."""


def _figures(report: "RoomReport") -> Element:
    heads = ("", *report.question.options, "refusal", "orders agree", "order bias", "n")
    return table("Shares in percent, refusals apart", heads, _rows(report))


def _rows(report: "RoomReport") -> Iterator[Sequence[Node]]:
    for answer in report.answers:
        why = why_no_bar(answer)
        if answer.model is not None and why is None:
            orders = [plain(each, decimals=COMPACT) for each in (answer.order_agreement, answer.order_bias)]
            yield printable(answer.title), *_percent(answer.model), plain(answer.refusal), *orders, MISSING
        elif why is not None:
            yield f"{printable(answer.title)}: {why}", *[MISSING] * (len(report.question.options) + 4)
        if answer.people is not None:
            n = MISSING if answer.people.n is None else f"{answer.people.n:,.0f}"
            shares = _percent(answer.people.distribution)
            yield people_name(answer), *shares, plain(answer.people.refusal), MISSING, MISSING, n


def _percent(shares: Sequence[float]) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def _quotes(report: "RoomReport") -> Iterator[Node]:
    said = [f"{printable(one.title)}: “{in_a_line(one.quote)}”" for one in report.answers if one.quote is not None]
    if said:
        yield bullets(said)
        yield element("p", sentence(ONE_REPLY), class_="note")


def _made(report: "RoomReport") -> Element:
    return definitions(
        [
            ("question", report.question.id or "in your own words"),
            ("options", pluralize(len(report.question.options), "option") if report.question.options else "none"),
            ("seed", str(report.seed)),
            ("made", report.created),
            ("program", f"chat-personas {report.version}"),
        ]
    )
