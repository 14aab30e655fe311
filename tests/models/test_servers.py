"""Servers on this machine: which models they serve, and what to write to use one."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chat_personas.models import servers
from chat_personas.models.servers import Kind, ModelOnServer, SilentServer, find_servers
from tests.models.fake_servers import KOBOLD, LLAMA_SERVER, LM_STUDIO, OLLAMA, VLLM, Routes, serving

ALL: list[tuple[Kind, Routes]] = [
    ("Ollama", OLLAMA),
    ("LM Studio", LM_STUDIO),
    ("llama-server", LLAMA_SERVER),
    ("vLLM", VLLM),
    ("KoboldCpp", KOBOLD),
]


def served(routes: Routes, usual: Kind = "server") -> list[ModelOnServer]:
    """The models that one server is found to serve."""
    with serving(routes) as (port,):
        models, silent = find_servers({port: usual})
    assert silent == []
    return models


def test_five_servers_are_found_at_once_with_all_their_models() -> None:
    with serving(*(routes for _, routes in ALL)) as ports:
        usual: dict[int, Kind] = dict(zip(ports, (kind for kind, _ in ALL), strict=True))
        models, silent = find_servers(usual)
    assert silent == []
    assert [(model.server, model.name) for model in models] == [
        ("Ollama", "qwen3:4b"),
        ("Ollama", "big:cloud"),
        ("LM Studio", "qwen3-8b"),
        ("LM Studio", "olmo-2-1b"),
        ("llama-server", "granite.gguf"),
        ("vLLM", "Qwen/Qwen3-8B"),
        ("KoboldCpp", "koboldcpp/mistral-7b"),
    ]
    assert [model.context_length for model in models] == [40960, 40960, 32768, 2048, 4096, 16384, 8192]


def test_ollama_tells_size_quantisation_and_what_is_computed_elsewhere() -> None:
    local, cloud = served(OLLAMA, "Ollama")
    assert (local.size, local.quantization, local.parameters) == (2_600_000_000, "Q4_K_M", "4.0B")
    assert local.remote is None
    assert cloud.remote == "https://ollama.com:443"


@pytest.mark.parametrize(
    ("version", "measured"), [("0.12.10", "no"), ("0.12.11", "when asked"), ("1.0.0", "when asked")]
)
def test_an_ollama_before_0_12_11_shows_no_log_probabilities(version: str, measured: str) -> None:
    (first, _) = served({**OLLAMA, "/api/version": {"version": version}}, "Ollama")
    assert first.measured == measured


def test_a_server_is_known_by_what_it_says_and_not_only_by_its_port() -> None:
    (model,) = served(LLAMA_SERVER, "vLLM")
    assert (model.server, model.measured) == ("llama-server", "as a rule")


def test_a_model_is_named_in_the_address_only_where_there_are_several() -> None:
    (only,) = served(VLLM, "vLLM")
    assert only.model.endswith("/v1")
    assert [model.model.partition("#")[2].strip("'") for model in served(OLLAMA, "Ollama")] == ["qwen3:4b", "big:cloud"]


@pytest.mark.parametrize("odd", [{"data": "no"}, [], {"data": None}, 404, 500], ids=str)
def test_another_program_on_a_usual_port_is_passed_over(odd: object) -> None:
    assert served({"/v1/models": odd}) == []


@pytest.mark.parametrize("routes", [
    {"/v1/models": OLLAMA["/v1/models"]},
    {**OLLAMA, "/api/tags": {"models": "?"}},
    {**OLLAMA, "/api/version": {"version": None}},
    {**OLLAMA, "/api/tags": {"models": [{"name": "qwen3:4b", "size": "a lot"}]}},
], ids=["missing", "odd list", "no version", "no number"])  # fmt: skip
def test_details_that_are_missing_or_odd_leave_the_list(routes: Routes) -> None:
    models = served(routes, "Ollama")
    assert [model.name for model in models] == ["qwen3:4b", "big:cloud"]
    assert all(model.model for model in models)


def test_a_server_that_asks_for_a_key_is_named() -> None:
    with serving({"/v1/models": 401}) as (port,):
        models, (silent,) = find_servers({port: "vLLM"})
    assert models == []
    assert silent.url == f"http://127.0.0.1:{port}"
    assert "asks for a key" in silent.why


@pytest.fixture
def listening() -> Iterator[int]:
    """A port on which something listens that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_server_that_never_answers_is_named_after_the_time_out(
    listening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "TIMEOUT", 0.05)
    models, (silent,) = find_servers({listening: "vLLM"})
    assert models == []
    assert "does not answer within 0.05 s" in silent.why


@pytest.fixture
def endless() -> Iterator[int]:
    """A port on which a server begins an answer and sends byte after byte of its head."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.005):
                    connection.sendall(b"y")

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        ended.set()
        thread.join()


def test_a_server_whose_answer_does_not_end_is_named(endless: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "LONGEST", 0.1)
    url = f"http://127.0.0.1:{endless}"
    assert find_servers({endless: "Ollama"}) == (
        [],
        [SilentServer(url, "does not come to the end of an answer within 0.1 s")],
    )


@pytest.mark.parametrize("odd", [7, {"a": 1}, "two\nlines", "\x1b[31mred", "x" * 5000])
def test_what_cannot_be_the_name_of_a_model_is_passed_over(odd: object) -> None:
    (only,) = served({"/v1/models": {"data": [{"id": odd}, {"id": "m"}]}})
    assert only.name == "m"


def test_nothing_listening_is_nothing_found() -> None:
    with serving(VLLM) as (port,):
        pass
    assert find_servers({port: "vLLM"}) == ([], [])


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert [model.name for model in served(VLLM, "vLLM")] == ["Qwen/Qwen3-8B"]


def test_servers_are_only_asked_for_lists_and_descriptions() -> None:
    asked: list[str] = []
    with serving(*(routes for _, routes in ALL), asked=asked) as ports:
        find_servers(dict(zip(ports, (kind for kind, _ in ALL), strict=True)))
    assert not [path for path in asked if "completions" in path or "generate" in path or path == "/api/chat"]
