"""A conversation with everything that exports treat in a way of their own, and a few helpers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_personas.corpus import Corpus, GroupRow, MeasurementRow, RatingRow, Selection, Thought
from chat_personas.corpus.export import FORMATS, export_to
from eval.engine import EngineInfo, Sampling
from tests.corpus.making import conversation_row
from tests.corpus.test_measurements import PROBES, measurement

EVERYTHING = Selection(own=True)
SECRET_THOUGHT = "zyxwvutwombat"
STEERED = EngineInfo(name="small.gguf", engine="llama", sha256="ab" * 32, interventions=("add:left:10-20:0.5",))


@dataclass(frozen=True, slots=True)
class Talk:
    """The keys of `forked`."""

    conversation: str
    first: str
    better: str
    worse: str
    second: str
    last: str


def forked(corpus: Corpus) -> Talk:
    """Keep a conversation of two turns and an unfinished third; its first question has two rated replies.

    The first turn has the replies `worse` (rated 2) and `better` (rated 5, on the active branch). After `better` there
    is a measurement, and one was made before the first message. The third turn was stopped by the person.
    """
    row = conversation_row(system_prompt="Be brief.")
    said, worse = corpus.begin_turn(row.id, None, "=Why?", STEERED, Sampling(seed=7), new=row)
    corpus.end_reply(worse.id, "Because.", "complete", finish_reason="stop")
    better = corpus.begin_reply(row.id, said.id, STEERED, Sampling(seed=8))
    thought = Thought(text=SECRET_THOUGHT, seconds=2.0)
    corpus.end_reply(better.id, "Où est <b>Élise</b>?\nHere.", "complete", finish_reason="stop", thought=thought)
    for reply, value in ((worse, 2.0), (better, 5.0)):
        corpus.add_rating(RatingRow(message_id=reply.id, scale="realism 1-7", value=value))
    corpus.add_measurement(before(row.id), PROBES)
    corpus.add_measurement(measurement(better).model_copy(update={"verdict": "sound"}), PROBES)
    corpus.add_measurement(measurement(worse), PROBES)
    second, last = corpus.begin_turn(row.id, better.id, "Go on", STEERED, Sampling())
    corpus.end_reply(last.id, "So.", "complete")
    _, stopped = corpus.begin_turn(row.id, last.id, "And then", STEERED, Sampling())
    corpus.end_reply(stopped.id, "The", "stopped")
    with corpus._connections.writing() as connection:
        connection.execute(
            "UPDATE generations SET projection = 0.25, projected_on = 'left' WHERE message_id = ?", (better.id,)
        )
    return Talk(row.id, said.id, better.id, worse.id, second.id, last.id)


def before(conversation_id: str) -> MeasurementRow:
    """A measurement before the first message that the model did not answer with its opinion."""
    return MeasurementRow(
        conversation_id=conversation_id,
        message_id=None,
        survey="civic",
        survey_sha256="ef" * 32,
        expression="log_probability",
        groups=(GroupRow(attribute="POLPARTY", value="Democrat"),),
        complete=True,
        alignment=0.5,
        alignment_low=0.4,
        alignment_high=0.6,
        verdict="follows_letters",
        engine="llama",
        model="small.gguf",
        program_version="0.1.0",
    )


def json_lines(corpus: Corpus, form: str, out: Path, selection: Selection = EVERYTHING) -> list[Any]:
    """What a format of JSON Lines writes."""
    count = export_to(corpus, FORMATS[form], selection, out, force=True).units
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert count == len(records)
    return records
