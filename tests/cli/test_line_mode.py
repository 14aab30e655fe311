"""`chat` without a terminal: for pipes and scripts."""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat_personas.cli.launch import Launch
from chat_personas.cli.main import main
from chat_personas.cli.standard_input import without_keys
from chat_personas.corpus import Corpus
from chat_personas.models.found import Found
from chat_personas.paths import corpus_path
from eval.engine import Engine, EngineError, Message, Piece, Probe, ProbeScore, Sampling, TooLongError
from tests.cli.running import Command, CtrlC, kept_messages, only_line
from tests.cli.sittings import Model
from tests.conversation.test_gone_on_elsewhere import gone_on
from tests.corpus.making import branch_of, texts
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.fakes import END, FakeEngine

Serve = Callable[[Engine], None]


def test_standard_output_holds_the_replies_each_followed_by_an_empty_line(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine(["Good ", "day", END], ["Because.\nThat is why", END]))
    ran = command("chat", "democrat", given="Hello\nWhy?\n")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Good day\n\nBecause.\nThat is why\n\n"


def test_what_was_said_is_kept(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine(["Good day", END], ["Because", END]))
    command("chat", "democrat", given="Hello\nWhy?\n")
    assert texts(kept_messages()) == ["Hello", "Good day", "Why?", "Because"]


def test_what_the_model_thinks_is_not_on_standard_output_and_one_line_says_that_it_thought(
    command: Command, served_by: Serve
) -> None:
    thought = Piece("", thought="They say \x1b[31mHello.")
    served_by(FakeEngine([thought, thought, "Good ", "day", END], ["Because", END]))
    ran = command("chat", "democrat", given="Hello\nWhy?\n")
    assert (ran.code, ran.out) == (0, "Good day\n\nBecause\n\n")
    assert re.fullmatch(r"\(thought for \d+ s, 5 words\)\n", ran.err)


def test_where_words_turn_out_to_have_been_a_thought_a_line_says_so_before_the_reply(
    command: Command, served_by: Serve
) -> None:
    served_by(FakeEngine(["They say ", Piece("Good ", thought="Hello.", recalls=True), "day", END]))
    ran = command("chat", "democrat", given="Hello\n")
    thought = "(What was said so far was a thought. The reply follows.)"
    assert (ran.code, ran.out) == (0, f"They say Hello.\n{thought}\nGood day\n\n")
    assert re.fullmatch(r"\(thought for \d+ s, 3 words\)\n", ran.err)
    assert texts(kept_messages()) == ["Hello", "Good day"]


@pytest.mark.parametrize(
    "given",
    [b"Hello", b"\n\n  \nHello\n\n", b"Hello\r\n", b"\xef\xbb\xbfHello\n", b"  Hello \t\n"],
    ids=["no final newline", "empty lines", "of Windows", "byte order mark", "spaces"],
)
def test_a_message_is_what_stands_on_its_line(command: Command, served_by: Serve, given: bytes) -> None:
    served_by(FakeEngine(["Good day", END]))
    assert command("chat", "democrat", given=given).out == "Good day\n\n"
    assert texts(kept_messages())[0] == "Hello"


UNREADABLE = [
    (b"caf\xe9 or tea", "line 3 is not UTF-8 (its byte 4 is 0xE9); convert the input with iconv"),
    (b"a\0b", "line 3 contains a NUL (its character 2); remove it"),
    ("é\ud800".encode("utf-8", "surrogatepass"), "line 3 is not UTF-8 (its byte 3 is 0xED)"),
]


@pytest.mark.parametrize(("line", "says"), UNREADABLE, ids=["latin-1", "NUL", "half a surrogate pair"])
def test_a_line_that_is_no_text_is_refused_by_its_number_and_what_was_said_before_is_kept(
    command: Command, served_by: Serve, line: bytes, says: str
) -> None:
    engine = FakeEngine(["Good day", END])
    served_by(engine)
    ran = command("chat", "democrat", given=b"Hello\n\n" + line + b"\nAnd then?\n")
    assert (ran.code, ran.out, len(engine.asked)) == (2, "Good day\n\n", 1)
    assert says in only_line(ran)
    assert texts(kept_messages()) == ["Hello", "Good day"]
    assert f"continue with chat-personas chat --resume {kept_messages()[0].conversation_id}" in ran.err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_first_line_that_is_no_text_leaves_no_conversation(command: Command, served_by: Serve, encoding: str) -> None:
    served_by(FakeEngine())
    ran = command("chat", "democrat", given="Hello\n".encode(encoding))
    assert ran.code == 2
    line = only_line(ran)
    assert "line 1 " in line
    assert "UTF-16" in line
    assert line.endswith("; no message was sent\n")
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.conversations() == ()


TOO_LONG = TooLongError("the last message has 9000 tokens; shorten it")


def test_a_line_too_long_for_the_model_is_wrong_input_and_no_later_line_is_said(
    command: Command, served_by: Serve
) -> None:
    engine = FakeEngine(["Good day", END], [TOO_LONG])
    served_by(engine)
    ran = command("chat", "democrat", given="Hello\nlong\nAnd then?\n")
    assert (ran.code, ran.out, len(engine.asked)) == (2, "Good day\n\n", 2)
    assert (
        "line 2 is too long: the last message has 9000 tokens; shorten it; the messages before it are kept"
        in only_line(ran)
    )
    assert texts(kept_messages()) == ["Hello", "Good day"]


def test_what_is_too_long_when_resuming_leaves_the_conversation_as_it_was(
    command: Command, brief: str, tiny: str
) -> None:
    command("chat", brief, "--model", tiny, given="Hello")
    before = kept_messages()
    resume = ("chat", "--resume", before[0].conversation_id, "--model", tiny)
    ran = command(*resume, given="word " * 5000)
    assert (ran.code, ran.out) == (2, "")
    assert "line 1 is too long" in only_line(ran)
    assert kept_messages() == before
    assert command(*resume, given="Why?").code == 0
    assert texts(kept_messages())[2] == "Why?"


def test_a_first_line_too_long_leaves_no_conversation(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine([TOO_LONG]))
    ran = command("chat", "democrat", given="long")
    assert ran.code == 2
    assert only_line(ran).endswith("; no message was sent\n")
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.conversations() == ()
        assert not corpus.search("long")


def test_nothing_said_is_nothing_kept(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine())
    ran = command("chat", "democrat")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.conversations() == ()


def test_lines_come_one_at_a_time_from_a_pipe(served_by: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second line is written when the first is answered, as by a program at the other end."""
    reading, writing = os.pipe()

    class Partner(FakeEngine):
        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            async for piece in super().stream(messages, sampling):
                yield piece
            if len(self.asked) == 1:
                os.write(writing, b"And then?\n")
            os.close(writing) if len(self.asked) == 2 else None

    served_by(Partner(["One", END], ["Two", END]))
    os.write(writing, b"Begin\n")
    with os.fdopen(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(["chat", "democrat"]) == 0
    assert texts(kept_messages()) == ["Begin", "One", "And then?", "Two"]


def test_commands_to_the_terminal_are_shown_and_not_obeyed(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine(["\x1b[31mred [bold]not[/bold] \x9b2J", END]))
    assert command("chat", "democrat", given="Hello").out == "␛[31mred [bold]not[/bold] <9B>2J\n\n"


def test_measuring_reports_on_standard_error_and_changes_no_word(
    command: Command, brief: str, tiny: str, few: str
) -> None:
    arguments = ("chat", brief, "--model", tiny, "--survey", few)
    plain = command(*arguments, given="Hello\nWhy?")
    measured = command(*arguments, "--measure", given="Hello\nWhy?")
    assert measured.code == 0
    assert measured.out == plain.out
    reports = [line for line in measured.err.splitlines() if line.startswith("[turn")]
    assert [line.split("]")[0] for line in reports] == [f"[turn {turn}, 3 of 3 questions" for turn in range(3)]
    assert all("not sound: " in line and "alignment 0." not in line for line in reports), "3 questions tell nothing"


def test_rounds_are_kept_with_the_message_they_followed(command: Command, brief: str, tiny: str, few: str) -> None:
    command("chat", brief, "--model", tiny, "--survey", few, "--measure", given="Hello")
    reply = kept_messages()[-1]
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        rows = corpus.measurements(reply.conversation_id)
    assert [(row.message_id, row.complete, row.survey) for row in rows] == [
        (None, True, "town"),
        (reply.id, True, "town"),
    ]


@pytest.mark.parametrize("mode", [(), ("--accessible",)], ids=["line mode", "for a screen reader"])
def test_a_message_without_a_reply_is_not_measured(
    command: Command, brief: str, tiny: str, few: str, corpus: Corpus, mode: tuple[str, ...]
) -> None:
    command("chat", brief, "--model", tiny, given="Hello")
    fork = corpus.fork(kept_messages()[0].id)
    ran = command("chat", *mode, "--resume", fork, "--model", tiny, "--survey", few, "--measure", given="")
    assert ran.code == 0
    assert "ot measured: the last message has no reply yet" in ran.out + ran.err
    assert corpus.measurements(fork) == ()


def test_measuring_without_a_message_leaves_nothing_behind(command: Command, brief: str, tiny: str, few: str) -> None:
    ran = command("chat", brief, "--model", tiny, "--survey", few, "--measure", given="\n")
    assert (ran.code, ran.out) == (0, "")
    assert "[turn 0, 3 of 3 questions" in ran.err
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.conversations() == ()
        assert [row["n"] for row in corpus.database().query("SELECT count(*) AS n FROM probes")] == [0]


def test_the_round_before_a_first_reply_that_fails_is_kept(command: Command, served_by: Serve, few: str) -> None:
    class Failing(AnsweringEngine):
        """Answers every probe, and fails when it is to speak."""

        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            yield Piece("It is ")
            raise EngineError("the server went away; start it again")

    served_by(Failing())
    assert command("chat", "democrat", "--measure", "--survey", few, given="Hello\n").code == 3
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (row,) = corpus.measurements(kept_messages()[0].conversation_id)
    assert (row.message_id, row.complete) == (None, True)


def test_a_persona_without_figures_is_talked_with_and_the_report_says_what_is_missing(
    command: Command, tmp_path: Path, brief: str, tiny: str, few: str
) -> None:
    text = Path(brief).read_text().replace("POLPARTY", "RELIG").replace("Democrat", "Mormon")
    (tmp_path / "mormon.toml").write_text(text)
    ran = command("chat", "mormon.toml", "--model", tiny, "--survey", few, "--measure", given="Hello")
    assert ran.code == 0
    assert len(kept_messages()) == 2
    assert "no human figures for this group in the survey town; not sound: " in ran.err
    assert "alignment" not in ran.err


def test_resume_goes_on_where_the_conversation_was_left(command: Command, served_by: Serve) -> None:
    engine = FakeEngine(["Good day", END], ["Because", END])
    served_by(engine)
    command("chat", "republican", given="Hello")
    ran = command("chat", "--resume", kept_messages()[0].conversation_id, given="Why?")
    assert ran.out == "Because\n\n"
    assert texts(kept_messages()) == ["Hello", "Good day", "Why?", "Because"]
    assert [message.content for message in engine.asked[1]][-3:] == ["Hello", "Good day", "Why?"]
    assert engine.asked[1][0] == engine.asked[0][0], "the persona is the one that it began with"


def test_a_conversation_of_another_model_says_on_standard_error_which_file_goes_on_with_it(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Launch, "find_models", lambda _: Found(files=(), servers=(), problems=()))
    info = Model().info
    for name, sha256 in (("gone", "a1" * 32), ("other", "b2" * 32)):
        served_by(Model(info=replace(info, name=name, sha256=sha256)))
        resumed = () if name == "gone" else ("--resume", kept_messages()[0].conversation_id)
        ran = command("chat", *(resumed or ("democrat",)), given="Hello\n")
        assert (ran.code, ran.out) == (0, "Yes.\n\n")
        assert ("made the last reply" in ran.err) == bool(resumed)
    assert ran.err == (
        "(gone made the last reply. --model FILE goes on with it: write the path of its file, gone.gguf, which is not "
        "where models are looked for. The next one comes from other.)\n"
    )


def test_a_conversation_that_goes_on_in_another_form_says_so(command: Command, served_by: Serve) -> None:
    info = Model().info
    served_by(Model(info=replace(info, prompt_format="template")))
    assert command("chat", "democrat", given="Hello\n").err == ""
    served_by(Model(info=replace(info, prompt_format="plain")))
    ran = command("chat", "--resume", kept_messages()[0].conversation_id, given="Hello\n")
    assert f"(from here on asked in plain text: {info.name} (a base model: it continues text))\n" in ran.err
    ran = command("chat", "--resume", kept_messages()[0].conversation_id, given="Hello\n")
    assert "from here on" not in ran.err


def test_resume_takes_the_first_characters_of_the_id(command: Command, served_by: Serve, corpus: Corpus) -> None:
    served_by(FakeEngine(["Good day", END]))
    command("chat", "democrat", given="Hello")
    served_by(FakeEngine(["Because", END]))
    assert command("chat", "--resume", kept_messages()[0].conversation_id[:12], given="Why?").code == 0
    assert len(kept_messages()) == 4


def test_resuming_with_another_persona_is_refused(command: Command) -> None:
    ran = command("chat", "democrat", "--resume", "01ABC")
    assert ran.code == 2
    assert "goes on with its persona" in only_line(ran)


def test_ctrl_c_keeps_what_came_of_the_reply(command: Command, served_by: Serve) -> None:
    served_by(CtrlC())
    ran = command("chat", "democrat", given="Hello\nAnd this is never read\n")
    assert ran.code == 130
    assert ran.out == "So far, so good\n\n"
    assert only_line(ran) == "chat-personas: interrupted\n"
    said, reply = kept_messages()
    assert (said.text, reply.text, reply.status) == ("Hello", "So far, so good", "stopped")


def test_ctrl_c_while_waiting_for_a_line_ends_at_once(served_by: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    class Reminded(FakeEngine):
        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
            yield Piece("Good day", finish_reason="stop")

    served_by(Reminded())
    os.write(writing, b"Hello\n")
    with os.fdopen(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(["chat", "democrat"]) == 130
    os.close(writing)
    assert [message.status for message in kept_messages()] == ["complete", "complete"]


def test_ctrl_c_while_measuring_keeps_what_was_measured(command: Command, served_by: Serve, few: str) -> None:
    class Measured(AnsweringEngine):
        """Is interrupted in the round after the reply, when one question of three is answered."""

        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            count = 0
            async with aclosing(super().score(prefix, probes)) as scores:
                async for score in scores:
                    if len(self.prefixes) == 3 and count == 2:  # after the round before and the unsteered model
                        os.kill(os.getpid(), signal.SIGINT)
                        await asyncio.Event().wait()
                    yield score
                    count += 1

    served_by(Measured())
    ran = command("chat", "democrat", "--measure", "--survey", few, given="Hello\nWhy?\n")
    assert (ran.code, ran.out) == (130, "Yes.\n\n")
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        before, row = corpus.measurements(kept_messages()[0].conversation_id)
        assert (before.complete, row.complete) == (True, False)
        assert len(corpus.probes(row.id)) == 2


def test_a_model_that_fails_in_the_middle_ends_with_3_and_loses_no_word(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine(["It is ", EngineError("the server went away; start it again")]))
    ran = command("chat", "democrat", given="Hello\nWhy?\n")
    assert (ran.code, ran.out) == (3, "It is \n\n")
    assert only_line(ran) == "chat-personas: the server went away; start it again\n"
    assert [(message.text, message.status) for message in kept_messages()] == [
        ("Hello", "complete"),
        ("It is ", "error"),
    ]


class WithoutCorpus(FakeEngine):
    """Somebody moves the corpus away while the model speaks."""

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        async with aclosing(super().stream(messages, sampling)) as pieces:
            async for piece in pieces:
                yield piece
                if corpus_path().exists():
                    corpus_path().rename(corpus_path().with_name("moved.db"))


def test_a_reply_that_cannot_be_stored_is_left_in_a_file_that_the_error_names(
    command: Command, served_by: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    served_by(WithoutCorpus(["Good ", "day", END]))
    ran = command("chat", "democrat", given="Hello\n")
    (copy,) = tmp_path.glob("chat-personas-*.jsonl")
    assert ran.code == 4
    line = only_line(ran)
    assert "was removed or replaced while the program ran; put it back" in line
    assert line.endswith(f"; the conversation is in {copy}\n")
    said = json.loads(copy.read_text())["messages"]
    assert [message["content"] for message in said[-2:]] == ["Hello", "Good day"]


def test_a_conversation_whose_corpus_is_removed_after_the_last_reply_is_left_in_a_file_that_the_error_names(
    command: Command, served_by: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = Corpus.end_reply

    def end_reply(corpus: Corpus, *given: Any, **named: Any) -> None:
        stored(corpus, *given, **named)
        corpus_path().rename(corpus_path().with_name("moved.db"))

    monkeypatch.setattr(Corpus, "end_reply", end_reply)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    served_by(FakeEngine(["Good day", END]))
    ran = command("chat", "democrat", given="Hello\n")
    (copy,) = tmp_path.glob("chat-personas-*.jsonl")
    assert (ran.code, ran.out) == (4, "Good day\n\n")
    assert only_line(ran).endswith(f"put it back; the conversation is in {copy}\n")
    said = json.loads(copy.read_text())["messages"]
    assert [message["content"] for message in said[-2:]] == ["Hello", "Good day"]


def test_a_reply_that_breaks_off_ends_with_3_and_is_kept_as_interrupted(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine(["It is "]))
    ran = command("chat", "democrat", given="Hello")
    assert (ran.code, ran.out) == (3, "It is \n\n")
    assert "the reply was cut off" in only_line(ran)
    assert kept_messages()[-1].status == "interrupted"


def test_dropped_turns_and_a_reply_cut_short_are_said_on_standard_error(command: Command, served_by: Serve) -> None:
    served_by(FakeEngine([Piece("It is", finish_reason="length", dropped_messages=4)]))
    ran = command("chat", "democrat", given="Hello")
    assert ran.out == "It is\n\n"
    assert "4 oldest messages" in ran.err
    assert "cut off at the limit of 400 tokens" in ran.err


def test_a_server_on_another_machine_is_not_probed_unasked(command: Command, served_by: Serve, survey: str) -> None:
    engine = FakeEngine(["Good day", END])
    engine._info = replace(engine.info, name="https://far.example/v1#big", local=False, log_probabilities="exact")
    served_by(engine)
    ran = command("chat", "democrat", "--measure", "--survey", survey, given="Hello")
    assert ran.code == 2
    assert "https://far.example/v1#big up to 40 more times" in only_line(ran)
    assert engine.asked == []


def test_what_is_mistyped_comes_out_before_the_model_is_opened(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(model: str, settings: object) -> Engine:
        raise AssertionError("the model was opened")

    monkeypatch.setattr("chat_personas.engines.open.open_engine", never)
    for arguments in (("democart",), ("--resume", "01ZZ"), ("democrat", "--measure", "--survey", "civik")):
        assert command("chat", *arguments, given="Hello").code == 2


def test_without_standard_input_there_is_nothing_to_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["chat", "democrat"]) == 2
    assert "no standard input" in capsys.readouterr().err


def test_branches_of_the_screen_are_resumed_at_the_active_one(
    command: Command, served_by: Serve, corpus: Corpus
) -> None:
    served_by(FakeEngine(["Good day", END]))
    command("chat", "democrat", given="Hello")
    first = kept_messages()[1]
    other = corpus.begin_reply(first.conversation_id, first.parent_id or "", FakeEngine().info, Sampling())
    corpus.end_reply(other.id, "Hi", "complete", finish_reason="stop")
    served_by(FakeEngine(["Because", END]))
    command("chat", "--resume", first.conversation_id, given="Why?")
    assert texts(branch_of(corpus, first.conversation_id)) == ["Hello", "Hi", "Why?", "Because"]


def test_a_line_is_refused_where_another_program_has_gone_on_with_the_conversation(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Corpus.begin_turn

    def begin_turn(corpus: Corpus, key: str, parent: str | None, text: str, *given: Any, **named: Any) -> Any:
        if text == "Two?":
            gone_on(corpus, key, "Elsewhere?")
        return real(corpus, key, parent, text, *given, **named)

    monkeypatch.setattr(Corpus, "begin_turn", begin_turn)
    served_by(FakeEngine(["One.", END], ["Two.", END]))
    ran = command("chat", "democrat", given="One?\nTwo?\nThree?")
    assert ran.code == 4
    (refused,) = (line for line in ran.err.splitlines() if "line 2 was not sent: another program" in line)
    assert "none after it were sent; continue with chat-personas chat --resume" in refused
    assert texts(kept_messages()) == ["One?", "One.", "Elsewhere?", "Indeed."]


def test_measuring_a_demonstration_says_so_once(command: Command, served_by: Serve, few: str) -> None:
    info = replace(AnsweringEngine().info, demonstration=True)
    served_by(AnsweringEngine(info=info))
    ran = command("chat", "democrat", "--survey", few, "--measure", given="Hello\nWhy?")
    assert ran.err.count("says nothing about real people") == 1
    assert ran.err.count("[turn") == 3


OWN_TEXT = """
[prompt]
system = "You are a pirate."
[voice]
style = "Talk like a pirate."
"""


@pytest.mark.parametrize(("added", "said"), [(OWN_TEXT, "[prompt] and [voice]"), (OWN_TEXT[39:], "[voice]")])
def test_a_demonstration_says_which_text_of_the_persona_it_hardly_follows(
    command: Command, served_by: Serve, brief: str, added: str, said: str
) -> None:
    with Path(brief).open("a") as file:
        file.write(added)
    served_by(AnsweringEngine(info=replace(AnsweringEngine().info, demonstration=True)))
    ran = command("chat", brief, given="Hello")
    assert ran.err == f"(demonstration model: hardly follows the persona's {said})\n"


def test_nothing_is_said_of_the_personas_text_where_there_is_none_or_the_model_is_a_real_one(
    command: Command, served_by: Serve, brief: str
) -> None:
    served_by(AnsweringEngine(info=replace(AnsweringEngine().info, demonstration=True)))
    assert command("chat", "democrat", given="Hello").err == ""
    with Path(brief).open("a") as file:
        file.write(OWN_TEXT)
    served_by(AnsweringEngine())
    assert command("chat", brief, given="Hello").err == ""


@pytest.mark.parametrize(
    ("typed", "text", "keys"),
    [
        ("Hello", "Hello", 0),
        ("a\tb – ü", "a\tb – ü", 0),
        ("ab\x1b[D\x1b[Dc", "abc", 2),
        ("\x1bOPone\x1b[1;5Ctwo\x1b[3~", "onetwo", 3),
        ("\x1bbback\x07", "back", 2),
    ],
    ids=["none", "a tab", "arrows", "a function key, a word to the right and Delete", "Alt and a bell"],
)
def test_keys_without_a_character_are_left_out_of_a_line_and_counted(typed: str, text: str, keys: int) -> None:
    assert without_keys(typed) == (text, keys)
