"""What mutated answers of a server and mutated files do: one sentence with the program's own kind of error, or nothing.

`--servers N` lets the engine for servers open, stream a reply, score a probe or complete N times. Only the network is
replaced, by answers that are valid ones in which bytes, lines or JSON values were changed, cut or
put in. `--files N` hands N files to commands: a persona, a survey, a report, answers, a table, settings, a GGUF header.

A use held if the engine gave a result or raised `EngineError` with a sentence; a file, if the command ended with an
exit code that is documented, and with one line where it was refused: never with 70, a mistake of the program.

    python -m benchmarks.fuzzing --servers 10000 --files 2000
"""

import argparse
import asyncio
import io
import json
import math
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from eval.engine import EngineError, Message, Probe, Sampling

HELLO = [Message("user", "hello")]
PROBES = [Probe("q", "Question?\nA. yes\nB. no", ("A", "B"))]
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    10**30,
    1e308,
    math.nan,
    math.inf,
    "",
    "x\x00\x1b[31m\u202e",
    "\ud800",
    "x\udc00y",
    [],
    {},
    [[]],
    {"": {}},
]
COUNTS = [0, 1, 9, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**30]
HEADERS = [
    {},
    {"Retry-After": "0"},
    {"Retry-After": "1e308"},
    {"Retry-After": "never"},
    {"Content-Encoding": "gzip"},
    {"Location": "http://127.0.0.1:9/"},
    {"Content-Length": "5"},
]
STATUSES = [200] * 12 + [204, 301, 400, 401, 404, 413, 422, 500, 503]
URL = "http://127.0.0.1:9/v1"
USES = 25
"""How often an engine is used before another one is opened: what it learnt from odd answers counts, too."""
DOCUMENTED = {0, 1, 2, 3, 4}


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return a content in which a few random bytes were changed, cut out, repeated or put in."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        end = min(len(changed), place + chance.randint(0, 12))
        match chance.randrange(5):
            case 0:
                changed[place:end] = b""
            case 1:
                changed[place:place] = chance.randbytes(chance.randint(1, 8))
            case 2:
                changed[place:place] = changed[place:end] * chance.randint(1, 50)
            case 3:
                del changed[place:]
            case _:
                changed[place:end] = bytes(chance.choice(b'{}[]",:\n\r\x00\xff9-.\\ e') for _ in range(end - place))
    return bytes(changed)


def with_odd_value(document: Any, chance: random.Random) -> Any:
    """Return a copy of a JSON document in which a random value is replaced, removed or put somewhere else."""
    copy = json.loads(json.dumps(document))
    places: list[tuple[Any, Any]] = []

    def visit(node: Any) -> None:
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            places.append((node, key))
            if isinstance(value, dict | list):
                visit(value)

    visit(copy)
    for _ in range(chance.randint(1, 2)):
        node, key = chance.choice(places)
        if isinstance(node, dict) and chance.random() < 0.2:
            node.pop(key, None)
        elif isinstance(node, dict) or key < len(node):
            other, at = chance.choice(places)
            known = at in other if isinstance(other, dict) else at < len(other)
            odd = json.loads(json.dumps(other[at])) if known and chance.random() < 0.2 else chance.choice(ODD)
            node[key] = odd
    return copy


def _dumped(document: Any, chance: random.Random) -> bytes:
    """Return a document with odd values, and sometimes with mutated bytes, too."""
    if chance.random() < 0.7:
        document = with_odd_value(document, chance)
    content = json.dumps(document).encode()
    return mutated(content, chance) if chance.random() < 0.4 else content


# Servers


def _completion() -> dict[str, Any]:
    shown = [{"token": letter, "logprob": -0.7 * (n + 1), "bytes": None} for n, letter in enumerate("ABCDE")]
    logprobs = {"content": [{"token": "A", "logprob": -0.7, "bytes": None, "top_logprobs": shown}]}
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "A"},
        "finish_reason": "stop",
        "logprobs": logprobs,
    }
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def _chunk(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


MODELS = {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "us"}]}
ERROR = {"error": {"message": "too many tokens", "type": "invalid_request_error", "param": None, "code": 400}}


class OddServer:
    """Answers as a server does; once it is `odd`, every answer is a mutation of a valid one."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.odd = False

    def answer(self, request: Any) -> Any:
        """Answer one request of the client."""
        import httpx2

        streamed = b'"stream":true' in request.content.replace(b" ", b"")
        kind = "text/event-stream" if streamed else "application/json"
        if not self.odd:
            return httpx2.Response(200, headers={"Content-Type": kind}, content=self._body(request, streamed))
        status, headers = self.chance.choice(STATUSES), self.chance.choice(HEADERS)
        content = self._body(request, streamed) if status == 200 else _dumped(ERROR, self.chance)
        if self.chance.random() < 0.05:
            content = self.chance.randbytes(self.chance.randint(0, 200))
        try:
            return httpx2.Response(status, headers={"Content-Type": kind, **headers}, content=content)
        except httpx2.HTTPError:  # the headers and the body do not fit together
            return httpx2.Response(status, headers={"Content-Type": kind}, content=content)

    def _body(self, request: Any, streamed: bool) -> bytes:
        if request.url.path.endswith("/models"):
            return _dumped(MODELS, self.chance) if self.odd else json.dumps(MODELS).encode()
        if not streamed:
            return _dumped(_completion(), self.chance) if self.odd else json.dumps(_completion()).encode()
        chunks: list[Any] = [_chunk("Good "), _chunk("day."), _chunk("", "stop")]
        if self.odd:
            events = [
                _dumped(each, self.chance) if self.chance.random() < 0.5 else json.dumps(each).encode()
                for each in chunks
            ]
        else:
            events = [json.dumps(each).encode() for each in chunks]
        counts = {name: self.chance.choice(COUNTS) for name in ("prompt_tokens", "completion_tokens")}
        events.append(json.dumps({"choices": [], "usage": counts}).encode())
        content = b"".join(b"data: " + event + b"\n\n" for event in [*events, b"[DONE]"])
        return mutated(content, self.chance) if self.odd and self.chance.random() < 0.5 else content


@contextmanager
def without_network(server: OddServer) -> Iterator[None]:
    """Hand what the engine sends to `server`, and let nothing wait between attempts."""
    import httpx2

    from chat_personas.engines.openai import client

    real, sleep = client.make_client, asyncio.sleep

    def make_client(*arguments: Any, **options: Any) -> client.Client:
        made = real(*arguments, **options)
        made._client._transport = httpx2.MockTransport(server.answer)
        made._client._mounts = {}
        return made

    async def at_once(_: float) -> None:
        await sleep(0)

    with patch.object(client, "make_client", make_client), patch.object(asyncio, "sleep", at_once):
        yield


async def fuzz_servers(times: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Hand `times` mutated answers to the engine; return how they ended, and what did not hold, one line each."""
    from chat_personas.engines.openai import OpenAIEngine

    chance = random.Random(seed)
    ends, broken = Counter[str](), list[str]()
    server, engine = OddServer(chance), None
    with without_network(server):
        for number in range(times):
            what = chance.choice(("open", "stream", "stream", "stream", "stream", "score", "score", "complete"))
            if engine is None or number % USES == 0:
                server.odd = False
                engine = await OpenAIEngine.open(URL)
            server.odd = True
            try:
                await (_open() if what == "open" else _use(engine, what))
                ends["a result"] += 1
            except EngineError as error:
                ends["an error in a sentence"] += 1
                line = str(error)
                if len(line.split()) < 3 or "\n" in line or len(line) > 2000:
                    broken.append(f"{what} {number}: not a sentence: {line[:300]!r}")
            except Exception as error:
                broken.append(f"{what} {number}: {type(error).__name__}: {error}")
    return ends, broken


async def _open() -> None:
    from chat_personas.engines.openai import OpenAIEngine

    engine = await OpenAIEngine.open(URL)
    _must_be_storable(engine.info)
    await engine.close()


def _must_be_storable(said: Any) -> None:
    """Raise as SQLite does for a whole number of more than 64 bits, and for text that UTF-8 cannot encode."""
    for value in asdict(said).values():
        if isinstance(value, int):
            value.to_bytes(8, signed=True)
        elif isinstance(value, str):
            value.encode()


async def _use(engine: Any, what: str) -> None:
    if what == "stream":
        async with aclosing(engine.stream(HELLO, Sampling(max_tokens=20))) as pieces:
            async for piece in pieces:
                piece.text.encode()
                if piece.usage is not None:
                    _must_be_storable(piece.usage)
    elif what == "score":
        async with aclosing(engine.score(HELLO, PROBES)) as scores:
            async for score in scores:
                _must_be_storable(score)
    else:
        await engine.complete(HELLO, Sampling(max_tokens=20), 2)


# Files


def _valid_files(folder: Path) -> dict[str, tuple[bytes, list[list[str]]]]:
    """Return valid contents by file name, each with the commands that read it."""
    from chat_personas.models import pocket_path
    from eval.surveys.loading import load_survey

    survey = load_survey("civic").survey.model_dump(mode="json", by_alias=True, exclude_none=True)
    survey["questions"] = survey["questions"][:2]
    few = folder / "few.json"
    few.write_text(json.dumps(survey))
    asked = survey["questions"][0]
    answer = {
        "question": asked["id"],
        "group": {"attribute": "POLPARTY", "value": "Democrat"},
        "distribution": {option["text"]: 1 / len(asked["options"]) for option in asked["options"]},
        "refusal": 0.0,
    }
    answers = json.dumps(answer).encode()
    (folder / "good.jsonl").write_bytes(answers)
    report = folder / "good.json"
    _run(["eval", "--answers", str(folder / "good.jsonl"), "--survey", str(few), "--json", str(report)])
    persona = b'schema = "chat-personas/persona@1"\nname = "odd"\ntitle = "Odd"\nsteering = "portray"\n'
    persona += b'[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n'
    settings = (
        b'persona = "democrat"\nmodel = "pocket"\nmeasure = true\nprobe_seconds = 15.0\n[keys]\nstop = "ctrl+x"\n'
    )
    table = b"question,option,group,count\nGUNS,More,POLPARTY=Democrat,10\nGUNS,Less,POLPARTY=Democrat,20\n"
    return {
        "odd.toml": (persona, [["personas", "check", "odd.toml"], ["personas", "show", "odd.toml"]]),
        "odd.json": (json.dumps(survey).encode(), [["surveys", "show", "odd.json"]]),
        "report.json": (report.read_bytes(), [["report", "report.json"], ["report", "verify", "report.json"]]),
        "odd.jsonl": (answers, [["eval", "--answers", "odd.jsonl", "--survey", str(few)]]),
        "odd.csv": (table, [["surveys", "import", "csv", "odd.csv", "--out", "imported.json"]]),
        "odd.gguf": (pocket_path().read_bytes()[:200_000], [["models", "show", "odd.gguf"]]),
        "home/config/settings.toml": (settings, [["cache", "show"]]),
    }


def _run(arguments: list[str]) -> tuple[int, str]:
    from chat_personas.cli.main import main

    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        code = main(arguments)
    return code, errors.getvalue()


def fuzz_files(times: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Hand `times` mutated files to commands; return how those ended, and what did not hold, one line each."""
    chance, ends, broken, before = random.Random(seed), Counter[str](), list[str](), Path.cwd()
    with (
        tempfile.TemporaryDirectory() as directory,
        patch.dict(os.environ, {"CHAT_PERSONAS_HOME": f"{directory}/home"}),
    ):
        os.chdir(directory)
        try:
            (Path("home") / "config").mkdir(parents=True)
            valid = _valid_files(Path(directory))
            for _ in range(times):
                name = chance.choice(list(valid))
                content, commands = valid[name]
                document = name.endswith(".json") and chance.random() < 0.6
                odd = _dumped(json.loads(content), chance) if document else mutated(content, chance)
                Path(name).write_bytes(odd)
                arguments = chance.choice(commands)
                code, said = _run(arguments)
                ends[f"exit code {code}"] += 1
                reported = said.count("chat-personas: ") == 1 or "check" in arguments  # which prints its findings
                if code not in DOCUMENTED or (code > 1 and not reported):
                    broken.append(f"{' '.join(arguments)}: {code}: {said[-200:]!r} for {odd[:300]!r}")
                if name.startswith("home"):
                    Path(name).unlink()
        finally:
            os.chdir(before)
    return ends, broken


def main() -> int:
    """Fuzz as often as asked for, print how it ended, and fail if anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=9)
    arguments = parser.parse_args()
    kinds: list[tuple[str, int, Callable[[int, int], tuple[Counter[str], list[str]]]]] = [
        ("answers of a server", arguments.servers, lambda times, seed: asyncio.run(fuzz_servers(times, seed))),
        ("files", arguments.files, fuzz_files),
    ]
    failed = False
    for what, times, fuzz in kinds:
        ends, broken = fuzz(times, arguments.seed)
        print(f"{times} {what}: {', '.join(f'{count} {end}' for end, count in ends.most_common())}", flush=True)
        print(*broken, sep="\n", end="\n" if broken else "")
        print(f"{times - len(broken)} of {times} held", flush=True)
        failed = failed or bool(broken)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
