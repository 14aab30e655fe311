"""A conversation of another model is not taken for one of this model."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from textual.pilot import Pilot

from chat_personas.corpus import Corpus, ReplyModel
from chat_personas.models.found import Found, ModelInFiles
from chat_personas.reporting.models_found import how_to_go_on_with
from eval.engine import EngineInfo
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words

TALL = (120, 90)
ALPHA = b"the first model"
FIRST = replace(ScreenEngine().info, name="alpha", sha256=sha256(ALPHA).hexdigest())
SECOND = replace(FIRST, name="beta", sha256="b2" * 32)
MARK = "from here on another model: beta (before: alpha)"


def measured(pilot: Pilot[None], turn: int) -> bool:
    estimate = chat(pilot).panel.estimate
    return estimate is not None and estimate.complete and estimate.turn == turn and not chat(pilot).replies.busy


async def talked_with_the_first(corpus_file: Path) -> str:
    """Say something to the first model, measured; return the id of the conversation."""
    engine = ScreenEngine(reply("Yes."), info=FIRST)
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: measured(pilot, 1))
        assert "another model" not in shown(pilot)
    with Corpus.open(corpus_file, read_only=True) as corpus:
        return corpus.conversations()[0].id


async def test_the_top_and_the_transcript_say_that_another_model_made_the_replies(corpus_file: Path) -> None:
    found = await talked_with_the_first(corpus_file)
    async with screen(session(corpus_file, ScreenEngine(reply("No."), info=SECOND), resume=found), TALL) as pilot:
        await until(pilot, lambda: MARK in words(pilot))
        assert "! with replies of alpha" in shown(pilot).splitlines()[0]
        await type_text(pilot, "And now?")
        await until(pilot, lambda: "No." in shown(pilot) and not chat(pilot).replies.busy)

        seen = words(pilot)
        assert seen.index("Yes.") < seen.index(MARK) < seen.index("And now?") < seen.index("No.")
        assert seen.count(MARK) == 1
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "with replies of" not in shown(pilot))

    async with screen(session(corpus_file, ScreenEngine(info=FIRST), resume=found), TALL) as pilot:
        await until(pilot, lambda: "from here on another model: alpha (before: beta)" in words(pilot))
        assert "! with replies of beta" in shown(pilot).splitlines()[0]
        assert MARK in words(pilot)


@pytest.mark.slow
async def test_the_courses_of_two_models_are_not_joined(corpus_file: Path) -> None:
    found = await talked_with_the_first(corpus_file)
    engine = ScreenEngine(reply("No."), info=SECOND)
    app = session(corpus_file, engine, measure=True, make_monitor=monitor, resume=found)
    async with screen(app, TALL) as pilot:
        await until(pilot, lambda: measured(pilot, 1))
        assert engine.probed == 124, "nothing is taken over from what the first model answered"
        await type_text(pilot, "And now?")
        await until(pilot, lambda: measured(pilot, 2))

        estimate = chat(pilot).panel.estimate
        assert estimate is not None
        assert [point.turn for point in estimate.course] == [1, 2]
        assert "changes count from turn 1: nothing before it was measured in this way" in words(pilot)
        assert "measured is beta; some of the replies came from alpha" in words(pilot)


@slow_but_first(
    ("info", "mark"), [(FIRST, None), (replace(FIRST, sha256="c3" * 32), "another file of the same name: alpha")]
)
async def test_the_same_name_is_the_same_model_only_with_the_same_file(
    corpus_file: Path, info: EngineInfo, mark: str | None
) -> None:
    found = await talked_with_the_first(corpus_file)
    async with screen(session(corpus_file, ScreenEngine(info=info), resume=found), TALL) as pilot:
        await until(pilot, lambda: "Yes." in shown(pilot))
        assert ("from here on" in shown(pilot)) == (mark is not None)
        assert mark is None or mark in words(pilot)


@pytest.mark.slow
async def test_the_list_of_conversations_names_the_model(corpus_file: Path) -> None:
    await talked_with_the_first(corpus_file)
    async with screen(session(corpus_file, ScreenEngine(info=SECOND)), TALL) as pilot:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "democrat on alpha" in shown(pilot))


def in_files(file: Path) -> Found:
    alpha = ModelInFiles(
        model=str(file), name="alpha", place="LM Studio", path=str(file), size=1, parts=1,
        architecture="qwen3", quantization="Q4_K_M", parameters=1, context_length=None, chat_template=True,
        memory=None, measured="exact", why_not=None,
    )  # fmt: skip
    return Found(files=(alpha,), servers=(), problems=())


def test_another_file_of_the_same_name_did_not_make_the_last_reply(tmp_path: Path) -> None:
    file = tmp_path / "alpha.gguf"
    file.write_bytes(b"not the first model")
    assert how_to_go_on_with(ReplyModel("alpha", FIRST.sha256), in_files(file)) == (
        "alpha made the last reply. /model FILE goes on with it, as --model FILE does at the start: write the path of "
        "its file, alpha.gguf, because the one of this name that is here is another file."
    )
    assert how_to_go_on_with(ReplyModel("beta", SECOND.sha256), in_files(file), command="--model") == (
        "beta made the last reply. --model FILE goes on with it: write the path of its file, beta.gguf, which is not "
        "where models are looked for."
    )


def test_a_reply_is_gone_on_with_in_the_form_in_which_it_was_made(tmp_path: Path) -> None:
    file = tmp_path / "alpha.gguf"
    file.write_bytes(ALPHA)
    assert how_to_go_on_with(ReplyModel("alpha", FIRST.sha256, "plain"), in_files(file)) == (
        f"alpha (a base model: it continues text) made the last reply. --model {file} --template plain, at the start, "
        "goes on with it in that way."
    )
    assert how_to_go_on_with(ReplyModel("alpha", FIRST.sha256, "template", "chatml"), in_files(file)) == (
        f"alpha (asked through the template chatml, which was given for it) made the last reply. --model {file} "
        "--template chatml, at the start, goes on with it in that way."
    )


async def test_the_model_that_made_the_last_reply_is_offered_where_it_is_found(
    corpus_file: Path, tmp_path: Path
) -> None:
    conversation = await talked_with_the_first(corpus_file)
    file = tmp_path / "alpha.gguf"
    file.write_bytes(ALPHA)
    offer = f"alpha made the last reply. /model {file} goes on with it."
    here, gone = in_files(file), Found(files=(), servers=(), problems=())
    beta = ScreenEngine(reply("No."), info=SECOND)
    async with screen(session(corpus_file, beta, resume=conversation, found=here), TALL) as pilot:
        await until(pilot, lambda: offer in notices(pilot))
        await type_text(pilot, "And now?")
        await until(pilot, lambda: "No." in shown(pilot) and not chat(pilot).replies.busy)
    looked = list[str]()

    def find() -> Found:
        looked.append("looked")
        return gone if len(looked) == 1 else here

    async with screen(
        session(corpus_file, ScreenEngine(info=FIRST), resume=conversation, find_models=find), TALL
    ) as pilot:
        await until(pilot, lambda: "the path of its file, beta.gguf, which is not where" in notices(pilot))
        assert looked == ["looked"]
    async with screen(
        session(corpus_file, ScreenEngine(info=SECOND), resume=conversation, find_models=find), TALL
    ) as pilot:
        await until(pilot, lambda: MARK in words(pilot))
        assert looked == ["looked"], "beta made the last reply itself"


def notices(pilot: Pilot[None]) -> str:
    """What the notices say, one after the other."""
    return " ".join(notice.message for notice in pilot.app._notifications)
