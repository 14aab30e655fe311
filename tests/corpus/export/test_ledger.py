"""Whatever leaves the corpus is in its ledger, and is known again by its content."""

import hashlib
import io
import json
import subprocess
from datetime import date
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError, ExportError, Selection
from chat_personas.corpus.export import FORMATS, Terms, export_stdout, export_to
from chat_personas.corpus.export.masking import unmasked
from chat_personas.corpus.export.pseudonyms import Pseudonyms
from chat_personas.corpus.releases import ReleaseRow, fingerprint, model_terms, recognise
from chat_personas.storage.files import OutputError
from tests.corpus.export.participants import take_part
from tests.corpus.making import talk


def only_release(corpus: Corpus) -> ReleaseRow:
    (release,) = corpus.releases.all()
    return release


def test_a_release_is_recorded_with_its_content_filters_counts_and_terms(corpus: Corpus, tmp_path: Path) -> None:
    person = take_part(corpus, ("Why?", "So."))
    take_part(corpus, ("Why not?", "So."), scope="use")
    talk(corpus, ("Mine", "Yes."))
    selection = Selection(own=True, scope="publication", since=date(2026, 11, 20))
    terms = Terms(mask=unmasked, masking="none", licence_people="CC-BY-4.0", licence_model="MIT")
    assert export_to(corpus, FORMATS["openai"], selection, tmp_path / "talks.jsonl", terms=terms).units == 2
    release = only_release(corpus)
    content = (tmp_path / "talks.jsonl").read_bytes()
    assert (release.format, release.file) == ("openai", "talks.jsonl")
    assert release.sha256 == hashlib.sha256(content).hexdigest()
    assert release.chosen == {"own": True, "scope": "publication", "since": "2026-11-20", "masking": "none"}
    expected = {"unit": "conversation", "units": 2, "conversations": 2, "of_participants": 1, "participants": 1}
    assert release.counted == expected
    assert (release.masked, release.licence_people, release.licence_model) == (False, "CC-BY-4.0", "MIT")
    assert release.model_terms == "small.gguf: not known"
    assert corpus.releases.holding(person.participant_id) == (release,)
    with corpus._connections.reading() as connection:
        held = [tuple(row) for row in connection.execute("SELECT * FROM release_participants")]
    assert held == [(release.id, person.participant_id)]


def test_with_its_secret_a_person_is_found_in_a_release(corpus: Corpus, tmp_path: Path) -> None:
    person = take_part(corpus, ("Why?", "So."))
    export_to(corpus, FORMATS["csv"], Selection(), tmp_path / "tables")
    pseudonym = Pseudonyms(only_release(corpus).secret).of("participant", person.participant_id)
    assert pseudonym in (tmp_path / "tables" / "conversations.csv").read_text()


def test_a_directory_is_known_by_what_sha256sum_prints_of_its_files(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Mine", "Yes."))
    export_to(corpus, FORMATS["csv"], Selection(own=True), tmp_path / "tables")
    names = sorted(file.name for file in (tmp_path / "tables").iterdir())
    printed = subprocess.run(["sha256sum", *names], cwd=tmp_path / "tables", capture_output=True, check=True).stdout
    release = only_release(corpus)
    assert release.sha256 == hashlib.sha256(printed).hexdigest()
    assert sorted(release.counted["files"]) == names


def test_what_goes_to_standard_output_is_known_again(
    corpus: Corpus, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    talk(corpus, ("Mine", "Yes."))
    export_stdout(corpus, FORMATS["openai"], Selection(own=True))
    (tmp_path / "saved").write_bytes(capsysbinary.readouterr().out)
    assert only_release(corpus).file == "-"
    assert recognise(corpus.releases.all(), tmp_path / "saved").altered is False


def test_an_altered_copy_is_the_release_with_which_it_shares_most(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Mine", "Yes."))
    export_to(corpus, FORMATS["csv"], Selection(own=True), tmp_path / "first")
    talk(corpus, ("Another", "No."))
    export_to(corpus, FORMATS["csv"], Selection(own=True), tmp_path / "second")
    first, second = corpus.releases.all()
    (tmp_path / "first").rename(tmp_path / "copy")
    with (tmp_path / "copy" / "messages.csv").open("a") as stream:
        stream.write(" ")
    found = recognise((first, second), tmp_path / "copy")
    assert (found.release, found.altered, found.differing) == (first, True, ("messages.csv",))


class Stopping(io.BytesIO):
    """A reader that stops after the first line."""

    def write(self, content: object, /) -> int:
        raise BrokenPipeError


def test_a_release_that_was_cut_short_says_so(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    person = take_part(corpus, ("Why?", "So."))
    monkeypatch.setattr("chat_personas.corpus.export.standard_output", Stopping)
    with pytest.raises(BrokenPipeError):
        export_stdout(corpus, FORMATS["openai"], Selection())
    assert only_release(corpus).counted["whole"] is False
    assert corpus.releases.holding(person.participant_id) != ()


def test_a_release_is_recognised_under_any_name_and_an_altered_one_is_told(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Mine", "Yes."))
    export_to(corpus, FORMATS["csv"], Selection(own=True), tmp_path / "tables")
    export_to(corpus, FORMATS["openai"], Selection(own=True), tmp_path / "talks.jsonl")
    tables, talks = corpus.releases.all()
    (tmp_path / "tables").rename(tmp_path / "renamed")
    found = recognise((tables, talks), tmp_path / "renamed")
    assert (found.release, found.altered, found.differing) == (tables, False, ())
    with (tmp_path / "renamed" / "messages.csv").open("a") as stream:
        stream.write(" ")
    (tmp_path / "renamed" / "ratings.csv").unlink()
    (tmp_path / "renamed" / "notes.txt").write_text("mine")
    found = recognise((tables, talks), tmp_path / "renamed")
    assert (found.release, found.altered) == (tables, True)
    assert found.differing == ("messages.csv", "notes.txt", "ratings.csv")
    (tmp_path / "talks.jsonl").write_text("else")
    assert recognise((tables, talks), tmp_path / "talks.jsonl").release == talks
    (tmp_path / "unknown").write_text("else")
    assert recognise((tables, talks), tmp_path / "unknown").release is None


def test_a_release_that_does_not_come_to_its_place_is_not_in_the_ledger(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(corpus, ("Mine", "Yes."))
    recorded = []

    def full(self: Path, target: Path) -> Path:
        recorded.append(len(corpus.releases.all()))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", full)
        with pytest.raises(OutputError, match="No space left"):
            export_to(corpus, FORMATS["openai"], Selection(own=True), tmp_path / "talks.jsonl")
    assert recorded == [1], "nothing is in its place before it is recorded"
    assert corpus.releases.all() == ()
    assert not (tmp_path / "talks.jsonl").exists()


def test_what_cannot_be_recorded_does_not_leave(corpus: Corpus, corpus_file: Path, tmp_path: Path) -> None:
    talk(corpus, ("Mine", "Yes."))
    with Corpus.open(corpus_file, read_only=True) as reader:
        with pytest.raises(CorpusError, match="opened for reading only"):
            export_to(reader, FORMATS["openai"], Selection(own=True), tmp_path / "talks.jsonl")
        assert not (tmp_path / "talks.jsonl").exists()
        unrecorded = Terms(recorded=False)
        assert (
            export_to(reader, FORMATS["openai"], Selection(own=True), tmp_path / "mine.jsonl", terms=unrecorded).units
            == 1
        )
    assert corpus.releases.all() == ()


def test_nothing_of_participants_leaves_unrecorded(corpus: Corpus, tmp_path: Path) -> None:
    take_part(corpus, ("Why?", "So."))
    with pytest.raises(ExportError, match="without a ledger none of them leave"):
        export_to(corpus, FORMATS["openai"], Selection(own=True), tmp_path / "all", terms=Terms(recorded=False))
    talk(corpus, ("Mine", "Yes."))
    assert (
        export_to(corpus, FORMATS["openai"], Selection(own=True), tmp_path / "all", terms=Terms(recorded=False)).units
        == 1
    )
    assert json.loads((tmp_path / "all").read_text())["messages"][0]["content"] == "Mine"


def test_the_hash_of_a_directory_depends_on_names_and_contents(tmp_path: Path) -> None:
    for name, file, content in (("a", "x", "1"), ("b", "x", "1"), ("c", "y", "1"), ("d", "x", "2")):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "data" / file).write_text(content)
    a, b, c, d = (fingerprint(tmp_path / name).sha256 for name in "abcd")
    assert a == b
    assert len({a, c, d}) == 3


def test_the_terms_of_models_are_those_of_the_catalogue_or_not_known() -> None:
    models = {"pocket", "smollm2", "qwen3-0.6b", "Qwen3-0.6B-Q8_0.gguf", "http://127.0.0.1:8080/v1#mine"}
    assert model_terms(dict.fromkeys(models, (None,))) == (
        "Qwen3-0.6B-Q8_0.gguf: Apache-2.0; http://127.0.0.1:8080/v1#mine: not known; pocket: MIT; "
        "qwen3-0.6b: Apache-2.0; smollm2: Apache-2.0"
    )
    assert model_terms({}) is None
    assert model_terms({"base": ["plain"], "both": ["plain", "template"], "pocket": ["template"]}) == (
        "base (a base model: it continues text): not known; both (also as a base model: it continues text): not known; "
        "pocket: MIT"
    )
