"""A server's numbers and names that neither a database nor a terminal takes: what it said is kept, and nothing ends."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.conftest import command, home
from tests.cli.running import Command, kept_messages
from tests.engines.openai.scripted_server import Request, chunk, completion, send_events, send_json
from tests.engines.openai.steering_server import in_a_thread
from tests.examples import slow_but_first

__all__ = ["command", "home"]


@contextmanager
def counting(number: int) -> Iterator[str]:
    """Serve a model that counts so many tokens in every prompt and reply; return its address."""
    usage = {"prompt_tokens": number, "completion_tokens": number, "total_tokens": number}

    async def counts(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream"):
            ends = {"choices": [], "usage": usage}
            await send_events(writer, [chunk("Kept words."), chunk("", "stop"), json.dumps(ends), "[DONE]"])
        else:
            await send_json(writer, 200, completion("A", [("A", -0.1)]) | {"usage": usage})

    with in_a_thread(counts) as server:
        yield server.url


@slow_but_first("number", [2**63, 2**31, 10**30])
def test_the_words_of_a_reply_are_kept_whatever_its_server_counts(command: Command, number: int) -> None:
    with counting(number) as url:
        ran = command("chat", "democrat", "--plain", "--model", url, given="Hello\n")
    assert (ran.code, ran.out.strip()) == (0, "Kept words.")
    assert kept_messages()[-1].text == "Kept words."


def test_a_model_whose_name_is_half_a_character_talks(command: Command) -> None:
    async def odd(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/models"):
            await send_json(writer, 200, {"object": "list", "data": [{"id": "\ud800"}]})
        elif request.body.get("stream"):
            await send_events(writer, [chunk("Good day."), chunk("", "stop"), "[DONE]"])
        else:
            await send_json(writer, 200, completion("A", [("A", -0.1)]) | {"model": "m\ud800"})

    with in_a_thread(odd, models=()) as server:
        ran = command("chat", "democrat", "--plain", "--model", server.url, given="Hello\n")
        shown = command("models", "show", server.url)
    assert (ran.code, ran.out.strip()) == (0, "Good day.")
    assert shown.code == 0
    assert json.loads(shown.out)["name"].endswith("#\ufffd")
