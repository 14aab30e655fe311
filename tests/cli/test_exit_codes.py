"""Bad input, command by command: the exit code, nothing on standard output, and one line on standard error."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chat_personas.models import pocket_path
from tests.cli.running import Command, only_line
from tests.examples import slow_but_first

ON_A_MODEL = {
    "chat": ("chat", "democrat", "--model", "{}"),
    "eval": ("eval", "democrat", "--model", "{}"),
    "eval --judge": ("eval", "democrat", "--expression", "open_ended", "--judge", "{}"),
    "matrix": ("matrix", "democrat", "--model", "{}"),
    "models show": ("models", "show", "{}"),
}
WITH_A_SURVEY = {
    "chat": ("chat", "democrat", "--measure", "--survey", "{}"),
    "eval": ("eval", "democrat", "--survey", "{}"),
    "eval --answers": ("eval", "--answers", "answers.jsonl", "--survey", "{}"),
    "matrix": ("matrix", "democrat", "--survey", "{}"),
    "surveys show": ("surveys", "show", "{}"),
}
IN_THE_CORPUS = {
    "chat": ("chat", "democrat"),
    "chat --resume": ("chat", "--resume", "01JDABCD"),
    "corpus list": ("corpus", "list"),
    "corpus search": ("corpus", "search", "guns"),
    "corpus show": ("corpus", "show", "01JDABCD"),
    "corpus delete": ("corpus", "delete", "01JDABCD", "--yes"),
    "export": ("export", "--own", "--out", "-"),
}
MISSING = {
    "chat": ("chat", "./gone.toml"),
    "eval": ("eval", "gone.toml"),
    "eval --survey": ("eval", "democrat", "--survey", "gone.json"),
    "eval --model": ("eval", "democrat", "--model", "gone.gguf"),
    "eval --answers": ("eval", "--survey", "civic", "--answers", "gone.jsonl"),
    "eval --fail-if-worse-than": ("eval", "democrat", "--fail-if-worse-than", "gone.json"),
    "eval --json": ("eval", "democrat", "--json", "gone/report.json"),
    "matrix": ("matrix", "gone.toml"),
    "compare": ("compare", "gone.json", "gone.json"),
    "report": ("report", "gone.json"),
    "personas show": ("personas", "show", "gone.toml"),
    "personas check": ("personas", "check", "gone.toml"),
    "surveys show": ("surveys", "show", "gone.json"),
    "surveys import": ("surveys", "import", "csv", "gone.csv"),
    "models show": ("models", "show", "gone.gguf"),
}
MISTYPED = {
    "chat": (("chat", "democart"), "democrat"),
    "chat --survey": (("chat", "democrat", "--measure", "--survey", "civik"), "civic"),
    "chat --model": (("chat", "democrat", "--model", "poket"), "pocket"),
    "eval": (("eval", "democart"), "democrat"),
    "eval --expression": (("eval", "democrat", "--expression", "verbalised"), "verbalized"),
    "eval --steering": (("eval", "democrat", "--steering", "portrait"), "portray"),
    "matrix": (("matrix", "democart"), "democrat"),
    "matrix --groups": (("matrix", "democrat", "--groups", "POLPARTI"), "POLPARTY"),
    "personas show": (("personas", "show", "democart"), "democrat"),
    "surveys show": (("surveys", "show", "civik"), "civic"),
    "surveys show --group": (("surveys", "show", "civic", "--group", "POLPARTY=Democart"), "POLPARTY=Democrat"),
    "surveys import": (("surveys", "import", "opinionka", "."), "opinionqa"),
    "models show": (("models", "show", "poket"), "pocket"),
    "models show, in capitals": (("models", "show", "POCKET"), "pocket"),
    "export --format": (("export", "--own", "--format", "openia", "--out", "-"), "openai"),
}


def refusal(command: Command, words: tuple[str, ...], code: int, given: str = "") -> str:
    """Run a command; return the one line that is all it says, making sure of the exit code."""
    ran = command(*(word.format(given) for word in words), given="Hello\n")
    assert (ran.code, ran.out) == (code, "")
    return only_line(ran)


@slow_but_first("words", MISSING.values(), ids=MISSING, quick=5)
def test_a_file_that_is_missing_is_wrong_input(command: Command, words: tuple[str, ...]) -> None:
    assert "gone" in refusal(command, words, 2)


@slow_but_first(("words", "near"), MISTYPED.values(), ids=MISTYPED, quick=5)
def test_a_mistyped_word_is_wrong_input_and_the_nearest_is_named(
    command: Command, words: tuple[str, ...], near: str
) -> None:
    assert f"did you mean {near}?" in refusal(command, words, 2).replace('"', "")


@slow_but_first("words", ON_A_MODEL.values(), ids=ON_A_MODEL)
def test_a_truncated_model_file_is_a_model_that_fails(command: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "cut.gguf").write_bytes(pocket_path().read_bytes()[:100_000])
    assert "cut.gguf" in refusal(command, words, 3, "cut.gguf")


@slow_but_first("words", ON_A_MODEL.values(), ids=ON_A_MODEL)
def test_a_server_that_is_not_there_is_a_model_that_fails(command: Command, words: tuple[str, ...]) -> None:
    assert "cannot reach http://127.0.0.1:9/v1; is the server running" in refusal(
        command, words, 3, "http://127.0.0.1:9/v1"
    )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server on loopback that serves two models to whoever has the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.headers["Authorization"] == "Bearer right"
            models = {"object": "list", "data": [{"id": name, "object": "model"} for name in ("qwen3", "llama")]}
            body = json.dumps(models if right else {"error": {"message": "bad key"}}).encode()
            self.send_response(200 if right else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            return

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{serving.server_port}/v1"
    serving.shutdown()
    thread.join()
    serving.server_close()


@slow_but_first("words", ON_A_MODEL.values(), ids=ON_A_MODEL)
def test_a_wrong_key_is_a_server_that_fails_and_is_not_repeated(
    command: Command, server: str, words: tuple[str, ...]
) -> None:
    line = refusal(command, words, 3, f"http://:sk-wrong@{server}#qwen3")
    assert "refused the key" in line
    assert "sk-wrong" not in line


@slow_but_first("words", ON_A_MODEL.values(), ids=ON_A_MODEL)
def test_a_model_that_a_server_does_not_serve_is_wrong_input(
    command: Command, server: str, words: tuple[str, ...]
) -> None:
    assert 'did you mean "qwen3"?' in refusal(command, words, 2, f"http://:right@{server}#qwen4")
    assert "serves 2 models; name one" in refusal(command, words, 2, f"http://:right@{server}")


@pytest.mark.parametrize("words", WITH_A_SURVEY.values(), ids=WITH_A_SURVEY)
def test_a_survey_in_which_an_option_is_missing_is_wrong_input(
    command: Command, tmp_path: Path, survey: str, words: tuple[str, ...]
) -> None:
    document = json.loads(Path(survey).read_text())
    del document["questions"][3]["options"][0]
    (tmp_path / "short.json").write_text(json.dumps(document))
    (tmp_path / "answers.jsonl").write_text("{}\n")
    line = refusal(command, words, 2, "short.json")
    assert "short.json" in line
    assert "Q3" in line


@pytest.mark.parametrize("words", IN_THE_CORPUS.values(), ids=IN_THE_CORPUS)
def test_a_database_of_another_program_is_storage_that_fails_and_is_left_alone(
    command: Command, home: Path, words: tuple[str, ...]
) -> None:
    file = home / "data" / "corpus.db"
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE recipes (cake TEXT)")
    database.close()
    before = file.read_bytes()
    assert "corpus" in refusal(command, words, 4)
    assert file.read_bytes() == before
