"""A conversation for reading: as a page without scripts, and as Markdown."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, ExportError, MeasurementRow, Selection
from chat_personas.corpus.export import TextFormat, export_to
from chat_personas.reporting.conversation_copy import HTML, MARKDOWN
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, forked
from tests.corpus.making import branch_of, conversation_row, talk
from tests.corpus.test_measurements import measurement


class Page(HTMLParser):
    """The tags of a page, and its text without the style sheet."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += data


@pytest.fixture
def page(corpus: Corpus, tmp_path: Path) -> str:
    forked(corpus)
    assert export_to(corpus, HTML, EVERYTHING, tmp_path / "page.html").units == 1
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_has_the_turns_the_prompt_and_what_changed_the_model(page: str) -> None:
    text = Page(page).text
    for part in ("=Why?", "Où est <b>Élise</b>?\nHere.", "Go on", "So.", "Be brief.", "add:left:10-20:0.5"):
        assert part in text
    assert "projection 0.250 on left" in text
    assert re.search(r"Person\s*And then\s*democrat\s*The\s*stopped", text)
    assert "Because." not in text
    assert SECRET_THOUGHT not in page


def test_a_projection_that_an_earlier_version_recorded_of_what_was_removed_is_called_no_reading(
    corpus: Corpus, tmp_path: Path
) -> None:
    reply, along = forked(corpus).better, "left (sha256 ab), layer 3"
    corpus.record_projection(reply, 0.25, along)
    with corpus._connections.writing() as connection:
        connection.execute(
            "UPDATE generations SET interventions = ? WHERE message_id = ?",
            ('["ablate left (sha256 ab), layers 3"]', reply),
        )
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "talk.md")
    said = f"*projection 0.250 on {along} (removed: nothing to read along it)*"
    assert said in (tmp_path / "talk.md").read_text(encoding="utf-8")


def test_what_a_model_said_is_never_markup_of_the_page(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>\x1b[31m</div>"))
    export_to(corpus, HTML, EVERYTHING, tmp_path / "page.html")
    found = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert {"script", "img"} & set(found.tags) == set()
    assert "<script>alert(1)</script>" in found.text
    assert "␛[31m" in found.text


def test_an_alignment_is_shown_only_where_its_verdict_is_sound(page: str) -> None:
    text = Page(page).text
    assert "measured before the first turn (civic, log_probability): not sound: the model follows the letters" in text
    assert (
        "measured after turn 1 (civic, log_probability): alignment 0.710 [0.660, 0.750] with Democrat and Female"
        in text
    )
    assert "0.500" not in text


def test_a_message_that_was_measured_in_both_forms_has_a_round_of_each(corpus: Corpus, tmp_path: Path) -> None:
    reply = branch_of(corpus, talk(corpus, ("Q", "A")))[-1]
    alone = {"alignment_low": None, "alignment_high": None, "verdict": "sound", "complete": True}
    for alignment, form in ((0.8, "template"), (0.7, "plain")):
        row = measurement(reply).model_dump() | alone | {"alignment": alignment, "prompt_format": form}
        corpus.add_measurement(MeasurementRow.model_validate(row), ())
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "talk.md")
    assert re.findall(r"alignment (0\.\d+)", (tmp_path / "talk.md").read_text(encoding="utf-8")) == ["0.800", "0.700"]


def test_a_message_that_was_measured_twice_has_the_newest_whole_round_alone(corpus: Corpus, tmp_path: Path) -> None:
    key = talk(corpus, ("Q", "A"))
    reply = branch_of(corpus, key)[-1]
    alone = {"alignment_low": None, "alignment_high": None, "verdict": "sound", "complete": True}
    for alignment, changes in ((0.8, {}), (0.7, {}), (0.6, {"complete": False}), (0.9, {"survey": "town"})):
        row = measurement(reply).model_dump() | alone | {"alignment": alignment, "survey_sha256": "ef" * 32} | changes
        row |= {"survey_sha256": "12" * 32} if "survey" in changes else {}
        corpus.add_measurement(MeasurementRow.model_validate(row), ())
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "talk.md")
    written = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert re.findall(r"measured after turn 1 \((\w+).*: alignment (\S+)", written) == [
        ("civic", "0.700"),
        ("town", "0.900"),
    ]


def test_markdown_quotes_what_was_said_line_by_line(corpus: Corpus, tmp_path: Path) -> None:
    forked(corpus)
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "talk.md")
    written = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert written.startswith("# A conversation\n\n- persona: democrat\n- model: small.gguf\n")
    assert (
        "\n## Person\n\n> =Why?\n\n## democrat\n\n> Où est &lt;b>Élise&lt;/b>?\n> Here.\n\n*projection 0.250 on left*"
        in written
    )
    assert SECRET_THOUGHT not in written


def test_no_viewer_of_the_markdown_runs_or_loads_what_a_model_said(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("![x](https://example.org/1.png)", "<script>alert(1)</script> and *that*"))
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "talk.md")
    written = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert r"> !\[x](https://example.org/1.png)" in written
    assert "> &lt;script>alert(1)&lt;/script> and *that*" in written


def test_a_title_cannot_break_out_of_its_line_of_markdown(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q", "A"), row=conversation_row().model_copy(update={"title": "a\n# b <script> [x](y)"}))
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "talk.md")
    first = (tmp_path / "talk.md").read_text(encoding="utf-8").splitlines()[0]
    assert first == r"# a \# b \<script\> \[x\](y)"


@pytest.mark.parametrize("chosen", [HTML, MARKDOWN], ids=["html", "markdown"])
def test_one_conversation_is_read_at_a_time(corpus: Corpus, tmp_path: Path, chosen: TextFormat) -> None:
    talk(corpus, ("Q", "A"))
    second = talk(corpus, ("Q2", "A2"))
    out = tmp_path / "out"
    with pytest.raises(ExportError, match=f"{chosen.name} takes one conversation; choose it with --id"):
        export_to(corpus, chosen, EVERYTHING, out)
    assert not out.exists()
    assert export_to(corpus, chosen, Selection(ids=(second,), own=True), out).units == 1
    assert "A2" in out.read_text(encoding="utf-8")
