"""The servers for language models that answer on this machine: the usual ports of 127.0.0.1, asked at the same time.

Nothing is sent to another machine, no proxy is used, and no model is loaded: servers are asked for lists only.
"""

import re
import shlex
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from pydantic import BaseModel, ConfigDict

from chat_personas.text import whole_strings

if TYPE_CHECKING:
    import httpx2

Kind = Literal["Ollama", "LM Studio", "llama-server", "vLLM", "KoboldCpp", "server"]
"""`server`: another one that is compatible with OpenAI's."""
Measured = Literal["as a rule", "no", "when asked"]

PORTS: dict[int, Kind] = {11434: "Ollama", 1234: "LM Studio", 8080: "llama-server", 8000: "vLLM", 5001: "KoboldCpp"}
TIMEOUT = 1.0
"""Seconds that a server may take to accept, and for each answer; one on this machine needs a few milliseconds."""
LONGEST = 10.0
"""Seconds after which no answer of any server is waited for: one may send byte after byte without an end."""
_LONGEST_NAME = 300
_REFUSED = (401, 403)
_LARGEST_ANSWER = 8 * 2**20
_OWNERS: dict[str, Kind] = {"llamacpp": "llama-server", "vllm": "vLLM", "library": "Ollama", "koboldcpp": "KoboldCpp"}
_OLLAMA_WITH_LOG_PROBABILITIES = (0, 12, 11)


class ModelOnServer(BaseModel):
    """A model that a server on 127.0.0.1 offers; null for what the server does not tell."""

    model_config = ConfigDict(frozen=True)

    model: str
    """What to write after `--model`, quoted for a shell."""
    name: str
    """As the server calls it."""
    server: Kind
    """Which program serves it; `server` is another one."""
    url: str
    """Its address."""
    size: int | None = None
    """Bytes."""
    quantization: str | None = None
    """How the weights are stored."""
    parameters: str | None = None
    """About how many, such as `8.2B`."""
    context_length: int | None = None
    """Tokens of context."""
    measured: Measured = "when asked"
    """Whether it shows log-probabilities: `as a rule`, servers of its kind do; `no`, it does not; `when asked`, only
    asking it tells (`models show`).
    """
    remote: str | None = None
    """Where the answers are computed, if the server passes questions on."""

    def knowing(self, **facts: Any) -> "ModelOnServer":
        """Return it with what the server told. Raises ValueError for facts that cannot be true."""
        return ModelOnServer.model_validate(self.model_dump() | facts)


@dataclass(frozen=True, slots=True)
class SilentServer:
    """A program that listens on a usual port and does not answer as such a server does."""

    url: str
    why: str


def find_servers(ports: dict[int, Kind] | None = None) -> tuple[list[ModelOnServer], list[SilentServer]]:
    """Ask the usual ports (or `ports`) of 127.0.0.1; return the models that are served, and servers that do not say."""
    import httpx2  # noqa: F401 - imported before the time runs

    asking = [_Asking(port, usual) for port, usual in (PORTS if ports is None else ports).items()]
    until = time.monotonic() + LONGEST
    for each in asking:
        each.start()
    for each in asking:
        each.join(max(0.0, until - time.monotonic()))
    answers = [each.answer for each in asking]
    models = [model for answer in answers if isinstance(answer, list) for model in answer]
    return models, [answer for answer in answers if isinstance(answer, SilentServer)]


class _Asking(threading.Thread):
    """Asks one port. `answer` is what is known so far; a thread that still waits does not keep the program."""

    answer: list[ModelOnServer] | SilentServer

    def __init__(self, port: int, usual: Kind) -> None:
        super().__init__(daemon=True)
        self._usual = usual
        self._url = f"http://127.0.0.1:{port}"
        self.answer = SilentServer(self._url, f"does not come to the end of an answer within {LONGEST:g} s")

    def run(self) -> None:
        """Ask for the list of models, then for what the server tells of each."""
        import httpx2

        # An environment's proxy would carry the question away from this machine.
        with httpx2.Client(base_url=self._url, timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
            try:
                listed = _listed(_got(client, "/v1/models"), "data")
            except httpx2.ConnectError:
                self.answer = []  # nothing listens there
            except httpx2.TimeoutException:
                self.answer = SilentServer(self._url, f"does not answer within {TIMEOUT:g} s")
            except httpx2.HTTPStatusError as error:
                refused = error.response.status_code in _REFUSED
                key = SilentServer(self._url, "asks for a key: name its variable in the settings")
                self.answer = key if refused else []
            except (httpx2.HTTPError, ValueError):
                self.answer = []  # another program has the port
            else:
                self._describe(client, listed)

    def _describe(self, client: "httpx2.Client", listed: list[dict[str, Any]]) -> None:
        import httpx2

        owner = next((str(each.get("owned_by", "")).lower() for each in listed), "")
        kind = _OWNERS.get(owner, self._usual)
        names = [each["id"] for each in listed if _is_name(each.get("id"))]
        models = [ModelOnServer(model="", name=name, server=kind, url=f"{self._url}/v1") for name in names]
        self.answer = _addressed(models)  # enough to use the server
        with suppress(httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            self.answer = _addressed(_DETAILS[kind](client, models, listed))


def _is_name(value: object) -> TypeGuard[str]:
    """Whether this can be the name of a model, which is shown and copied as one line."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()


def _addressed(models: list[ModelOnServer]) -> list[ModelOnServer]:
    alone = len(models) == 1
    return [each.knowing(model=_model(each, alone=alone)) for each in models]


def _model(served: ModelOnServer, *, alone: bool) -> str:
    return shlex.quote(served.url if alone else f"{served.url}#{served.name}")


def _got(client: "httpx2.Client", path: str, body: dict[str, str] | None = None) -> Any:
    """Return the JSON that a path answers. Raises httpx2.HTTPError, and ValueError if it is not JSON, or too long."""
    import json

    import httpx2

    until = time.monotonic() + TIMEOUT
    with client.stream("GET" if body is None else "POST", path, json=body) as answer:
        answer.raise_for_status()
        content = b""
        for piece in answer.iter_bytes():
            content += piece
            if time.monotonic() > until:
                raise httpx2.ReadTimeout("the answer does not end")
            if len(content) > _LARGEST_ANSWER:
                raise ValueError("the answer is too long")
    try:
        return whole_strings(json.loads(content))
    except RecursionError as error:
        raise ValueError("the answer is nested too deep") from error


def _listed(answer: Any, key: str) -> list[dict[str, Any]]:
    """Return the objects listed under `key`. Raises ValueError if there is no list."""
    listed = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no list of models")
    return [each for each in listed if isinstance(each, dict)]


Listed = Sequence[dict[str, Any]]


def _ollama(client: "httpx2.Client", models: list[ModelOnServer], _: Listed) -> list[ModelOnServer]:
    version = tuple(map(int, re.findall(r"\d+", str(_got(client, "/api/version")["version"]))[:3]))
    tags = {str(each["name"]): each for each in _listed(_got(client, "/api/tags"), "models")}
    found = []
    for model in models:
        tag = tags.get(model.name, {})
        details = tag.get("details") or {}
        found.append(
            model.knowing(
                measured="when asked" if version >= _OLLAMA_WITH_LOG_PROBABILITIES else "no",
                size=tag.get("size"),
                quantization=details.get("quantization_level"),
                parameters=details.get("parameter_size"),
                context_length=_ollama_context(client, model.name),
                remote=tag.get("remote_host"),
            )
        )
    return found


def _ollama_context(client: "httpx2.Client", name: str) -> int | None:
    about = _got(client, "/api/show", {"model": name}).get("model_info") or {}
    return next((length for key, length in about.items() if key.endswith(".context_length")), None)


def _lm_studio(client: "httpx2.Client", models: list[ModelOnServer], _: Listed) -> list[ModelOnServer]:
    about = {str(each["id"]): each for each in _listed(_got(client, "/api/v0/models"), "data")}
    return [
        model.knowing(
            quantization=about.get(model.name, {}).get("quantization"),
            context_length=about.get(model.name, {}).get("loaded_context_length")
            or about.get(model.name, {}).get("max_context_length"),
        )
        for model in models
        if about.get(model.name, {}).get("type") != "embeddings"
    ]


def _llama_server(client: "httpx2.Client", models: list[ModelOnServer], listed: Listed) -> list[ModelOnServer]:
    about = {str(each.get("id")): each.get("meta") or {} for each in listed}
    found = [
        model.knowing(
            measured="as a rule",
            size=about[model.name].get("size"),
            parameters=_billions(about[model.name].get("n_params")),
            context_length=about[model.name].get("n_ctx_train"),
        )
        for model in models
    ]
    if len(found) == 1:
        context = _got(client, "/props")["default_generation_settings"]["n_ctx"]
        return [found[0].knowing(context_length=context)]
    return found


def _vllm(client: "httpx2.Client", models: list[ModelOnServer], listed: Listed) -> list[ModelOnServer]:
    longest = {str(each.get("id")): each.get("max_model_len") for each in listed}
    return [model.knowing(measured="as a rule", context_length=longest[model.name]) for model in models]


def _kobold(client: "httpx2.Client", models: list[ModelOnServer], _: Listed) -> list[ModelOnServer]:
    context = _got(client, "/api/extra/true_max_context_length")["value"]
    return [model.knowing(context_length=context) for model in models]


def _other(client: "httpx2.Client", models: list[ModelOnServer], _: Listed) -> list[ModelOnServer]:
    return models


def _billions(parameters: int | None) -> str | None:
    return None if parameters is None else f"{parameters / 1e9:.1f}B"


_DETAILS = {
    "Ollama": _ollama,
    "LM Studio": _lm_studio,
    "llama-server": _llama_server,
    "vLLM": _vllm,
    "KoboldCpp": _kobold,
    "server": _other,
}
