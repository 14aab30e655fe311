"""What a person gets who gives the program something wrong: one line, the right exit code, and nothing lost."""

import json
import os
import sqlite3
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chat_personas.cli.main import main
from chat_personas.corpus import Corpus, connection
from chat_personas.models import pocket_path
from eval.engine import Engine, Message, Piece, Sampling
from tests.cli.running import Command, kept_messages, only_line
from tests.corpus.unprivileged import without_privileges
from tests.examples import slow_but_first
from tests.fakes import END, FakeEngine

Serve = Callable[[Engine], None]
KEY = "sk-very-secret"
FULL = Path("/dev/full")


# The model file


def test_a_missing_model_file_is_wrong_input(command: Command) -> None:
    ran = command("chat", "democrat", "--model", "gone.gguf", given="Hello")
    assert ran.code == 2
    assert "there is no model file gone.gguf" in only_line(ran)


@slow_but_first("size", [0, 3, 20, 1000, 9_000_000], ids=lambda size: f"{size} bytes", quick=2)
def test_a_truncated_model_file_is_a_model_that_fails(command: Command, tmp_path: Path, size: int) -> None:
    (tmp_path / "cut.gguf").write_bytes(pocket_path().read_bytes()[:size])
    ran = command("chat", "democrat", "--model", "cut.gguf", given="Hello")
    assert ran.code == 3
    assert "cut.gguf" in only_line(ran)
    assert ran.out == ""


@pytest.mark.parametrize("content", [b"hello, this is text", b"PK\x03\x04" * 100, b"GGUF" + b"\xff" * 100])
def test_a_file_that_is_no_model_is_a_model_that_fails(command: Command, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "thesis.gguf").write_bytes(content)
    ran = command("eval", "democrat", "--model", "thesis.gguf")
    assert ran.code == 3
    assert "thesis.gguf" in only_line(ran)


def test_a_directory_is_no_model(command: Command, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    ran = command("chat", "democrat", "--model", "./models", given="Hello")
    assert ran.code == 2
    assert "is a directory" in only_line(ran)


# Files that people write


def test_a_persona_with_an_unknown_group_names_the_line_and_the_nearest(
    command: Command, tmp_path: Path, brief: str
) -> None:
    (tmp_path / "odd.toml").write_text(Path(brief).read_text().replace("Democrat", "Demokrat"))
    ran = command("chat", "odd.toml", given="Hello")
    assert ran.code == 2
    line = only_line(ran)
    assert "line 8" in line
    assert "Democrat" in line


def test_a_persona_with_an_unknown_key_names_the_line_and_the_nearest(
    command: Command, tmp_path: Path, brief: str
) -> None:
    (tmp_path / "odd.toml").write_text(Path(brief).read_text().replace("steering =", "stering ="))
    ran = command("eval", "odd.toml")
    assert ran.code == 2
    line = only_line(ran)
    assert "line 5" in line
    assert "steering" in line


def test_a_survey_with_an_option_missing_names_the_question(command: Command, survey: str) -> None:
    document = json.loads(Path(survey).read_text())
    del document["questions"][3]["options"][0]
    Path(survey).write_text(json.dumps(document))
    ran = command("eval", "democrat", "--survey", survey)
    assert ran.code == 2
    assert "Q3" in only_line(ran)


# Names


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["chat", "democart"], '"democrat"'),
        (["eval", "republicen"], '"republican"'),
        (["personas", "show", "agnostik"], '"agnostic"'),
        (["eval", "democrat", "--survey", "civik"], '"civic"'),
        (["surveys", "show", "civik"], '"civic"'),
        (["eval", "democrat", "--model", "poket"], "pocket"),
        (["models", "show", "poket"], "pocket"),
        (["evla", "democrat"], "chat-personas eval"),
        (["persona", "list"], "chat-personas personas"),
        (["personas", "lst"], "'list'"),
        (["corpus", "delte", "01"], "'delete'"),
        (["export", "--own", "--format", "openia", "--out", "x"], "openai"),
        (["help"], "chat-personas --help"),
    ],
    ids=lambda words: words if isinstance(words, str) else " ".join(words),
)
def test_a_mistyped_name_is_answered_with_the_nearest(command: Command, arguments: list[str], suggestion: str) -> None:
    ran = command(*arguments)
    assert ran.code == 2
    assert suggestion in only_line(ran)


@pytest.mark.parametrize(
    ("arguments", "command_at_hand"),
    [
        (["eval", "democrat", "--json"], "eval"),
        (["democrat", "--survey"], "chat"),
        (["steer", "train", "--layers"], "steer train"),
        (["report", "report.json", "--html"], "report show"),
        (["eval", "democrat", "--json", "--limit", "20"], "eval"),
        (["chat", "--model", "--plain"], "chat"),
        (["report", "report.json", "--html", "--svg", "x.svg"], "report show"),
        (["personas", "check", "--survey", "--", "x.toml"], "personas check"),
    ],
    ids=lambda words: words if isinstance(words, str) else " ".join(words),
)
def test_an_option_without_its_value_leads_to_the_help_of_the_command_at_hand(
    command: Command, arguments: list[str], command_at_hand: str
) -> None:
    ran = command(*arguments)
    assert ran.code == 2
    assert only_line(ran).endswith(f"see chat-personas {command_at_hand} --help\n")


def test_an_option_is_not_taken_for_the_value_of_another_and_a_value_like_that_can_be_given(command: Command) -> None:
    ran = command("eval", "democrat", "--survey", "--limit", "20")
    assert "--survey needs a value, and --limit begins like an option; if it is the value, write" in only_line(ran)
    assert "write --survey=--limit;" in ran.err
    ran = command("eval", "democrat", "--survey=--limit")
    assert "--limit" in only_line(ran)
    assert "needs a value" not in ran.err


# Servers


@pytest.fixture
def refusing() -> Iterator[str]:
    """A server on loopback that accepts no key."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"error": {"message": f"bad key {self.headers['Authorization']}"}}).encode()
            self.send_response(401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://:{KEY}@127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize("arguments", [("chat", "democrat"), ("eval", "democrat"), ("models", "show")], ids=" ".join)
def test_an_unreachable_server_is_a_model_that_fails(command: Command, arguments: tuple[str, ...]) -> None:
    url = "http://127.0.0.1:9/v1"
    model = [url] if arguments[0] == "models" else ["--model", url]
    ran = command(*arguments, *model, given="Hello")
    assert ran.code == 3
    assert f"cannot reach {url}; is the server running" in only_line(ran)


def test_a_wrong_key_is_said_without_the_key(command: Command, refusing: str) -> None:
    ran = command("chat", "democrat", "--model", refusing, given="Hello")
    assert ran.code == 3
    assert "refused the key" in only_line(ran)
    assert KEY not in ran.err


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:99999/v1", "http://[::1/v1"])
def test_a_url_that_cannot_be_is_wrong_input(command: Command, url: str) -> None:
    ran = command("chat", "democrat", "--model", url, given="Hello")
    assert ran.code == 2
    assert "URL" in only_line(ran)


@pytest.mark.parametrize("query", ["?backend=b", "?", "?key=sk-very-secret#qwen"])
def test_a_url_with_a_query_which_requests_would_lose_is_wrong_input(command: Command, query: str) -> None:
    for arguments in (["chat", "democrat"], ["eval", "democrat"]):
        ran = command(*arguments, "--model", f"http://127.0.0.1:9/v1{query}", given="Hello")
        assert ran.code == 2
        assert "the server's URL has a query (the part after the ?)" in only_line(ran)
        assert KEY not in ran.err


# Settings


@pytest.mark.parametrize("below", ["", "/deeper/still"])
@pytest.mark.parametrize(
    "arguments", [("corpus", "list"), ("chat", "democrat"), ("surveys", "list"), ("eval", "democrat")]
)
def test_a_home_that_is_a_file_is_named(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], below: str
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    monkeypatch.setenv("CHAT_PERSONAS_HOME", f"{file}{below}")
    ran = command(*arguments, given="Hello")
    assert (ran.code, ran.out) == (4, "")
    assert f"CHAT_PERSONAS_HOME leads to {file}, which is a file; set it to a directory" in only_line(ran)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("persona = ", "is not valid TOML"),
        ('persnoa = "democrat"', 'did you mean "persona"?'),
        ("threads = 0", "settings.toml, line 1: threads is not valid; write 1 or more"),
        ("[keys]\nstop = 5", "settings.toml, line 2: keys.stop is not valid; write text in double quotes"),
        ("keys = 3", "settings.toml, line 1: keys is not valid; write a table, such as [keys]"),
        ('[servers."http://a/v1"]\nkey = "sk-very-secret"', 'did you mean "key_env"?'),
        ('[servers."http://a/v1"]\nkey_env = "sk-very-secret"', "the name of an environment variable"),
    ],
)
def test_a_fault_in_the_settings_is_named_without_a_key_in_it(
    command: Command, home: Path, text: str, says: str
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text(text)
    ran = command("chat", "democrat", given="Hello")
    assert ran.code == 2
    assert says in only_line(ran)
    assert KEY not in ran.err


def test_a_wrong_environment_variable_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_THREADS", "many")
    ran = command("chat", "democrat", given="Hello")
    assert ran.code == 2
    assert "the environment variable CHAT_PERSONAS_THREADS is not valid; write a whole number\n" in only_line(ran)


# The corpus


def test_a_full_disk_ends_with_4_and_keeps_what_was_kept_before(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served_by(FakeEngine(["Good day", END]))
    command("chat", "democrat", given="Hello")
    before = kept_messages()
    connect = connection._connect

    def full(path: Path, parameters: str) -> sqlite3.Connection:
        opened = connect(path, parameters)
        opened.execute(f"PRAGMA max_page_count = {opened.execute('PRAGMA page_count').fetchone()[0]}")
        return opened

    engine = FakeEngine(["I am lost", END])
    served_by(engine)
    with monkeypatch.context() as patched:
        patched.setattr(connection, "_connect", full)
        ran = command("chat", "--resume", before[0].conversation_id, given="word " * 20_000)
    assert ran.code == 4
    assert "no space is left" in only_line(ran)
    assert engine.asked == [], "what was said could not be kept, so it was not sent"
    assert kept_messages() == before


def test_a_disk_that_fills_while_the_model_speaks_shows_the_reply_and_ends_with_4(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Filling(FakeEngine):
        """Lets the disk be full from the first word of the reply on."""

        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            monkeypatch.setattr(Corpus, "end_reply", refuse)
            yield Piece("All of it")
            yield END

    def refuse(self: Corpus, *arguments: object, **named: object) -> None:
        with self._connections.writing() as opened:
            opened.execute(f"PRAGMA max_page_count = {opened.execute('PRAGMA page_count').fetchone()[0]}")
            opened.execute("CREATE TABLE more AS SELECT randomblob(1000000)")

    served_by(Filling())
    ran = command("chat", "democrat", given="Hello")
    assert ran.code == 4
    assert "All of it" in ran.out
    assert "no space is left" in only_line(ran)
    assert kept_messages()[0].text == "Hello"


def test_a_read_only_corpus_is_refused_before_anything_is_said(
    served_by: Serve, monkeypatch: pytest.MonkeyPatch, brief: str, tmp_path: Path
) -> None:
    home = tmp_path / "read-only"
    Corpus.open(home / "data" / "corpus.db").close()
    (home / "data" / "corpus.db").chmod(0o400)
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(home))
    monkeypatch.setenv("HOME", "/nowhere")
    engine = FakeEngine(["Good day", END])
    served_by(engine)

    def talk() -> str:
        reading, writing = os.pipe()
        os.dup2(writing, 2)
        with Path(os.devnull).open() as nothing:
            sys.stdin, sys.stderr = nothing, os.fdopen(2, "w", closefd=False)
            code = main(["chat", brief])
        sys.stderr.flush()
        return f"{code} {os.read(reading, 4096).decode()}"

    said = without_privileges(talk)
    assert said.startswith("4 chat-personas: the corpus ")
    assert "read-only" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("kind", ["text", "database"])
def test_a_foreign_file_is_not_touched(command: Command, home: Path, kind: str) -> None:
    file = home / "data" / "corpus.db"
    file.parent.mkdir(parents=True)
    if kind == "text":
        file.write_text("my diary" * 100)
    else:
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE recipes (cake TEXT)")
        database.close()
    before = file.read_bytes()
    for arguments in (("chat", "democrat"), ("corpus", "list"), ("export", "--own", "--out", "-")):
        ran = command(*arguments, given="Hello")
        assert ran.code == 4, arguments
        assert "corpus" in only_line(ran)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [("corpus", "show", "01ZZ"), ("corpus", "delete", "01ZZ", "--yes"), ("chat", "--resume", "01ZZ")],
    ids=" ".join,
)
def test_an_unknown_conversation_is_wrong_input(command: Command, served_by: Serve, arguments: tuple[str, ...]) -> None:
    served_by(FakeEngine(["Good day", END]))
    command("chat", "democrat", given="Hello")
    ran = command(*arguments)
    assert ran.code == 2
    assert "01ZZ" in only_line(ran)


def test_a_corpus_that_is_not_there_yet_is_nothing_to_read(command: Command, home: Path) -> None:
    for arguments in (("corpus", "list"), ("corpus", "search", "guns"), ("export", "--own", "--out", "-")):
        ran = command(*arguments)
        assert ran.code == 2
        assert "have a conversation first" in only_line(ran)
    assert not home.exists()


# Standard output


@pytest.mark.skipif(not FULL.exists(), reason="there is no full device here")
def test_output_that_cannot_be_written_ends_with_4(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["personas", "list"]) == 4
    assert capfd.readouterr().err == (
        "chat-personas: the output cannot be written: No space left on device; free some space and try again\n"
    )


def test_a_reader_that_leaves_early_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert main(["personas", "list"]) == 0
        assert main(["surveys", "list"]) == 0
    assert capfd.readouterr().err == ""


# Our own mistakes


def test_a_mistake_of_ours_is_one_line_and_an_exit_code_of_its_own(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistake(*_: object) -> str:
        raise KeyError(str(Path.home()))

    monkeypatch.setattr("chat_personas.cli.commands.personas.evaluation_prompt", mistake)
    ran = command("personas", "show", "democrat")
    assert ran.code == 70
    assert only_line(ran) == "chat-personas: internal error (KeyError); run again with --debug and report the output\n"
    with pytest.raises(KeyError):
        command("personas", "show", "democrat", "--debug")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("evaluate", "democrat"), 'there is no command or persona "evaluate"; did you mean chat-personas eval?'),
        (("evaluate",), 'there is no command or persona "evaluate"; did you mean chat-personas eval?'),
        (("eval", "democrat", "--survey", "xyzzy"), 'no survey "xyzzy"; see: chat-personas surveys list. Or name its'),
        (("eval", "democrat", "--survey", "civics"), 'no survey "civics"; did you mean "civic"? Or name its file'),
        (("eval", "banana"), 'no persona "banana" in the library; see: chat-personas personas list'),
        (("surveys", "import", "opinions", "."), 'no kind "opinions"; did you mean "opinionqa"? Kinds: '),
        (("surveys", "import", "parquet", "."), 'no kind "parquet"; kinds: '),
    ],
)
def test_only_what_is_like_the_mistyped_word_is_suggested(
    command: Command, arguments: tuple[str, ...], says: str
) -> None:
    ran = command(*arguments)
    assert ran.code == 2
    assert says in only_line(ran)
