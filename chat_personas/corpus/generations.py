"""Generations: how each reply was made. The row is there before the first token, so that a lost process leaves it."""

import sqlite3

from chat_personas import __version__
from chat_personas.corpus.clock import now, stamp
from chat_personas.corpus.rows import GenerationRow
from chat_personas.corpus.statements import insert, update
from eval.engine import EngineInfo, Sampling, Usage

_GENERATION_COLUMNS = ", ".join(GenerationRow.model_fields)


def begin(connection: sqlite3.Connection, message_id: str, info: EngineInfo, sampling: Sampling) -> None:
    """Record the model and the settings of a reply that is about to be generated."""
    insert(
        connection,
        "generations",
        {
            "message_id": message_id,
            "started_at": stamp(now()),
            "engine": info.engine,
            "model": info.name,
            "model_sha256": info.sha256,
            "quantization": info.quantization,
            "context_length": info.context_length,
            "template_sha256": info.template_sha256,
            "flash_attention": info.flash_attention,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed,
            "program_version": __version__,
        },
    )


def end(
    connection: sqlite3.Connection,
    message_id: str,
    *,
    finish_reason: str | None,
    dropped_messages: int,
    usage: Usage | None,
) -> None:
    """Record how a generation ended and what it cost, as far as the engine said."""
    update(
        connection,
        "generations",
        ("message_id", message_id),
        {"finish_reason": finish_reason, "dropped_messages": dropped_messages},
    )
    if usage is not None:
        costs = {
            "prompt_tokens": usage.prompt_tokens,
            "reused_tokens": usage.reused_tokens,
            "decoded_tokens": usage.decoded_tokens,
            "seconds": usage.seconds,
            "first_token_seconds": usage.first_token_seconds,
        }
        seed = {} if usage.seed is None else {"seed": usage.seed}
        update(connection, "generations", ("message_id", message_id), {**costs, **seed})


def of_message(connection: sqlite3.Connection, message_id: str) -> GenerationRow | None:
    """Return how a reply was made, None for what a person said."""
    row = connection.execute(
        f"SELECT {_GENERATION_COLUMNS} FROM generations WHERE message_id = ?",  # noqa: S608
        (message_id,),
    ).fetchone()
    return None if row is None else GenerationRow.model_validate(dict(row))
