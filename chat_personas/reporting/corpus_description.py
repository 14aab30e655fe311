"""A description of a corpus in words: as sections with tables, for the terminal and for a page, and as that page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat_personas.reporting.html.layout import bullets, table, titled, warning, whole_page
from chat_personas.reporting.markup import Node, element
from chat_personas.reporting.numbers import MISSING, percent, plain, with_interval
from chat_personas.studies.description import AnswerCounts, Description, Spread
from chat_personas.studies.response_quality import Carefulness
from chat_personas.studies.sample import AttributeShares, SmallCells, Weighting
from chat_personas.text import pluralize
from personas import CATALOGUE

OWNERS = "for the owner of the corpus: it holds keys of participants and words that may be names; do not publish it"
NO_MARGINS = (
    "no margins were given, so nothing is compared with a population: --margins us-adults has those of adults in the "
    "United States, --margins FILE takes others"
)
LOOK = (
    "words with a capital letter inside a sentence. A weak rule: names at the beginning of a sentence or in small "
    "letters are not found, and much that is found is no name. A text without an entry is not safe; read it"
)
MEANINGS = {
    "interval": "A range made so that in 95 of 100 samples of as many conversations it holds the mean over all such "
    "conversations (Student's t). It takes each conversation for independent of the others."
}
"""What a word of the glossary means here, where it means something else on other pages."""
MOST_ROWS = 20
"""Rows of a long table on the terminal and the page; the JSON has all."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a description: lines, and a table whose first column names what a row is about.

    `caption` says what the rows are, and in which order.
    """

    title: str
    lines: tuple[str, ...] = ()
    caption: str = ""
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    of_texts: bool = False


def heading(found: Description) -> str:
    """Return what the description is about, in one line."""
    own = "" if found.tests else ", and your own conversations"
    what = f"study {found.study}" if found.study else f"all studies{own}"
    what = f"rehearsals of {what}" if found.tests else what
    return f"{what} · {found.created} · chat-personas {found.program_version}"


def sections(found: Description) -> Iterator[Section]:
    """Yield the parts of a description in their order; parts without content are left out."""
    yield Section("People", tuple(_people(found)))
    for attribute in found.demographics:
        yield _attribute(attribute)
    if found.weighting is not None:
        yield Section("Weights", tuple(_weighting(found.weighting)))
    elif found.demographics:
        yield Section("Weights", (NO_MARGINS,))
    yield from map(_exposure, found.exposure)
    if found.carefulness:
        yield _carefulness(found.carefulness)
    yield from _said(found)
    if found.ratings:
        yield _ratings(found)
    if found.alignment:
        yield _alignment(found)
    if found.small_cells is not None:
        yield _small_cells(found.small_cells)
    if found.possible_names:
        yield _names(found)
    if found.missing:
        yield Section("Not computed", found.missing)


def page_document(found: Description) -> str:
    """Return the page as HTML."""
    parts = [titled(section.title, _nodes(section)) for section in sections(found)]
    header = element("header", element("h1", "What is in the corpus"), element("p", heading(found)), warning(OWNERS))
    return whole_page("What is in the corpus", [header, element("main", parts)], meanings=MEANINGS)


def _nodes(section: Section) -> Iterator[Node]:
    if section.lines:
        yield bullets(section.lines)
    if section.rows:
        yield table(section.caption, section.heads, section.rows, of_texts=section.of_texts)


def _people(found: Description) -> Iterator[str]:
    people = found.people
    took_part = pluralize(people.participants, "person", "people")
    yield f"{took_part} in {pluralize(people.participations, 'participation')}"
    if people.by_status:
        yield "; ".join(f"{status}: {count}" for status, count in people.by_status.items())
    tests = "everybody who took part in earnest" if found.tests else f"{people.tests_left_out} of tests"
    yield f"left out: {tests}, {people.withdrawn_left_out} withdrawn"
    if found.study is None and not found.tests:
        yield f"{pluralize(people.own_conversations, 'conversation')} of your own, outside of studies"


def _attribute(found: AttributeShares) -> Section:
    has_margin = any(value.margin is not None for value in found.values)
    has_weights = any(value.weighted is not None for value in found.values)
    heads = (
        "value",
        "people",
        "share",
        *(["population"] if has_margin else []),
        *(["weighted"] if has_weights else []),
    )
    rows = []
    for value in found.values:
        optional = ([value.margin] if has_margin else []) + ([value.weighted] if has_weights else [])
        rows.append((value.value, str(value.people), percent(value.share), *map(_percent, optional)))
    unknown = f"known of {found.known}; {found.declined} prefer not to say; {found.not_asked} not asked"
    known = CATALOGUE.get(found.attribute)
    title = f"{known.title} ({found.attribute})" if known else found.attribute
    return Section(title, (unknown,), "people by value", tuple(heads), tuple(rows))


def _percent(share: float | None) -> str:
    return MISSING if share is None else percent(share)


def _weighting(found: Weighting) -> Iterator[str]:
    yield f"population: {found.title}, {found.year} ({found.source})"
    people = pluralize(found.people, "person", "people")
    yield f"raked to {', '.join(found.attributes)}: {people}; {found.left_out} left out, a value is not known"
    if found.effective is None or found.least is None or found.greatest is None:
        yield f"no weights: {found.why_not}"
    else:
        yield (
            f"effective sample size {found.effective:.1f} of {found.people};"
            f" weights from {found.least:.2f} to {found.greatest:.2f}, mean 1"
        )


def _exposure(found: AnswerCounts) -> Section:
    rows = tuple((answer, str(count)) for answer, count in found.answers.items())
    declined = (f"{found.declined} prefer not to say",) if found.declined else ()
    return Section(f"Prior exposure: {found.item}", declined, "what people answered", ("answer", "people"), rows)


def _carefulness(people: Sequence[Carefulness]) -> Section:
    ordered = sorted(people, key=lambda one: (-one.longest_string, one.variability or 0.0))
    rows = [
        (
            one.participation_id,
            str(one.scale_items),
            str(one.longest_string),
            plain(one.variability),
            MISSING if one.seconds_per_item is None else f"{one.seconds_per_item:.1f}",
            f"{one.pasted} of {one.traced}",
            _percent(one.pasted_share),
        )
        for one in ordered[:MOST_ROWS]
    ]
    lines = (
        "items: answers to scale items; longest: equal ones in a row; SD: how they vary, each scale from 0 to 1",
        "s/item: median seconds; pasted: messages with a paste, of those with traces; share: of a message",
        "these tell where to look, not who was careless: a long string can be an honest opinion",
        *_more(len(people)),
    )
    heads = ("participation", "items", "longest", "SD", "s/item", "pasted", "share")
    return Section("Careless answering", lines, "the longest strings first", heads, tuple(rows))


def _said(found: Description) -> Iterator[Section]:
    lengths = found.lengths
    quantities = {
        "messages of the person in a conversation": lengths.turns,
        "words of a message": lengths.words_said,
        "words of a reply": lengths.words_replied,
    }
    rows = [_spread(name, spread) for name, spread in quantities.items() if spread is not None]
    conversations = (pluralize(lengths.conversations, "conversation"),)
    columns = ("", "n", "least", "median", "mean", "greatest")
    yield Section("Lengths", conversations, "how much was said", columns, tuple(rows))
    alike = found.near_duplicates
    if alike is not None:
        what = (
            f"{pluralize(alike.compared, 'message')} of 5 words or more compared by {alike.shingle} words in a row;"
            f" near-duplicates from a similarity of {alike.threshold:g}: {pluralize(len(alike.groups), 'group')}"
        )
        copies = [
            (group.text, str(len(group.messages)), str(group.conversations), plain(group.similarity, decimals=2))
            for group in alike.groups[:MOST_ROWS]
        ]
        heads = ("begins with", "messages", "conversations", "least similarity")
        lines = (what, *_more(len(alike.groups)))
        yield Section("Near-duplicate messages", lines, "the largest groups first", heads, tuple(copies), of_texts=True)


def _spread(name: str, found: Spread) -> tuple[str, ...]:
    return (name, str(found.n), f"{found.least:g}", f"{found.median:g}", f"{found.mean:.1f}", f"{found.greatest:g}")


def _ratings(found: Description) -> Section:
    rows = [
        (
            one.scale,
            str(one.ratings.n),
            f"{one.ratings.mean:.2f}",
            f"{one.ratings.least:g} to {one.ratings.greatest:g}",
            str(one.raters),
            str(one.shared),
            plain(one.alpha),
        )
        for one in found.ratings
    ]
    heads = ("scale", "ratings", "mean", "range", "raters", "rated by two", "Krippendorff's alpha")
    return Section(
        "Ratings", ("alpha: level interval; 1 agreement, 0 as by chance",), "ratings by scale", heads, tuple(rows)
    )


def _alignment(found: Description) -> Section:
    rows = [(f"{one.survey}, turn {one.turn}", str(one.conversations), with_interval(one)) for one in found.alignment]
    lines = (
        "only sound measurements; 95% intervals over conversations",
        "turns are of other conversations: one that ends early is missing from the later ones",
    )
    return Section("Alignment over turns", lines, "mean by turn", ("", "conversations", "alignment"), tuple(rows))


def _small_cells(found: SmallCells) -> Section:
    lines = (
        f"all of {', '.join(found.attributes)} together; the smallest combination: {found.smallest} (k-anonymity)",
        f"fewer than {found.least} people: {pluralize(len(found.cells), 'combination')}, {found.people} people in them",
        *_more(len(found.cells)),
    )
    rows = [(", ".join(cell.values.values()), str(cell.people)) for cell in found.cells[:MOST_ROWS]]
    return Section("Small cells", lines, "the smallest first", ("combination", "people"), tuple(rows), of_texts=True)


def _names(found: Description) -> Section:
    names = found.possible_names
    rows = [(each.text, str(each.times), ", ".join(each.where)) for each in names[:MOST_ROWS]]
    lines = (LOOK, *_more(len(names)))
    heads = ("words", "times", "where")
    return Section("To look at: what may be names", lines, "the most frequent first", heads, tuple(rows), of_texts=True)


def _more(count: int) -> tuple[str, ...]:
    return (f"the first {MOST_ROWS} of {count}; the JSON has all",) if count > MOST_ROWS else ()
