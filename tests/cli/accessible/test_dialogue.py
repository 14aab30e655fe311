"""The dialogue alone, without a model or a corpus: what is asked for and said, and what a typed line interrupts."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chat_personas.cli.accessible.dialogue import Dialogue, LeftError, NotDoneError, chosen_number


class Work:
    """Something that goes on, and can be stopped once."""

    def __init__(self, *, reply: bool = False, running: bool = True) -> None:
        self.reply = reply
        self.running = running
        self.stopped = asyncio.Event()

    def stop(self) -> bool:
        """Stop it; return whether it went on."""
        self.stopped.set()
        was, self.running = self.running, False
        return was

    def dialogue(self) -> Dialogue:
        """A dialogue while this goes on."""
        return Dialogue(self.stop, lambda: self.reply and self.running)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """What a program reads from a pipe, and where its lines are written."""
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        with suppress(OSError):
            os.close(descriptor)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """What a program reads from a terminal, and where a person types."""
    keyboard, line = os.openpty()
    yield line, keyboard
    os.close(keyboard)
    os.close(line)


async def test_a_line_of_a_pipe_is_written_after_its_prompt_and_the_end_leaves(
    pipe: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    read, write = pipe
    os.write(write, b"Hello\n")
    os.close(write)
    dialogue = Work().dialogue()
    async with dialogue.listening(read):
        assert await dialogue.ask("You: ") == "Hello"
        with pytest.raises(LeftError):
            await dialogue.ask("You: ")
    assert capsys.readouterr().out == "You: Hello\nYou: "


async def test_a_question_is_asked_until_the_answer_is_yes_or_no(
    pipe: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    read, write = pipe
    os.write(write, b"perhaps\n Yes \nn\n")
    dialogue = Work().dialogue()
    async with dialogue.listening(read):
        assert await dialogue.confirm("Delete it?") is True
        assert await dialogue.confirm("Sure?") is False
    assert capsys.readouterr().out == (
        "Delete it? Write yes or no: perhaps\nDelete it? Write yes or no:  Yes \nSure? Write yes or no: n\n"
    )


@pytest.mark.parametrize("leaves", ["/stop", "/End"])
async def test_who_leaves_a_question_has_not_said_yes(pipe: tuple[int, int], leaves: str) -> None:
    read, write = pipe
    os.write(write, f"perhaps\n{leaves}\n".encode())
    dialogue = Work().dialogue()
    async with dialogue.listening(read):
        assert await dialogue.confirm("Delete it?") is False


async def test_a_question_can_be_answered_by_leaving_the_program(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.write(write, b" /quit\nyes\n")
    dialogue = Work().dialogue()
    async with dialogue.listening(read):
        with pytest.raises(LeftError):
            await dialogue.confirm("Delete it?")


async def test_a_line_that_is_not_text_is_refused_and_the_next_one_taken(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.write(write, b"caf\xe9\nHello\n")
    dialogue = Work().dialogue()
    async with dialogue.listening(read):
        with pytest.raises(NotDoneError, match=r"Nothing was sent: the line is not UTF-8"):
            await dialogue.ask("You: ")
        assert await dialogue.ask("You: ") == "Hello"


async def test_stop_typed_while_something_goes_on_stops_it_and_drops_what_waits(
    terminal: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    line, keyboard = terminal
    work = Work(reply=True)
    dialogue = work.dialogue()
    async with dialogue.listening(line):
        with dialogue.busy("Waiting for the reply."):
            os.write(keyboard, b"\nTwo\nThree\n/stop\n")
            await work.stopped.wait()
        assert not dialogue.hurried
    assert capsys.readouterr().out.splitlines() == [
        "Waiting for the reply.",
        "Your line waits until the reply has ended.",
        "Your line waits until the reply has ended.",
        "Not sent: 2 lines that waited.",
    ]


async def test_a_line_typed_while_nothing_is_asked_for_goes_first_and_is_repeated_after_the_prompt(
    terminal: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    line, keyboard = terminal
    dialogue = Work().dialogue()
    async with dialogue.listening(line):
        typed = dialogue.next_typed()
        os.write(keyboard, b"Hello\n")
        await typed
        assert dialogue.hurried
        assert await dialogue.ask("You: ") == "Hello"
        assert not dialogue.hurried
    assert capsys.readouterr().out == "You: Hello\n"


async def test_only_a_line_typed_from_now_on_ends_the_waiting_for_one(terminal: tuple[int, int]) -> None:
    line, keyboard = terminal
    dialogue = Work().dialogue()
    async with dialogue.listening(line):
        os.write(keyboard, b"One\n")
        assert await dialogue.ask("You: ") == "One"
        typed = dialogue.next_typed()
        os.write(keyboard, b"Two\n")
        await typed
        assert dialogue.hurried
        assert await dialogue.ask("You: ") == "Two"


async def test_ctrl_c_stops_what_goes_on_and_a_second_one_ends(
    terminal: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    line, _ = terminal
    work = Work()
    dialogue = work.dialogue()
    async with dialogue.listening(line):
        assert dialogue.interrupted() is True
        assert work.stopped.is_set()
        assert dialogue.interrupted() is False
    assert capsys.readouterr().out == ""


async def test_ctrl_c_while_nothing_goes_on_says_that_a_second_one_leaves(
    terminal: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    line, _ = terminal
    dialogue = Work(running=False).dialogue()
    async with dialogue.listening(line):
        assert dialogue.interrupted() is True
    assert capsys.readouterr().out == "Press Ctrl+C again to leave.\n"


async def test_ctrl_c_ends_a_program_that_reads_a_pipe(pipe: tuple[int, int]) -> None:
    work = Work()
    dialogue = work.dialogue()
    async with dialogue.listening(pipe[0]):
        assert dialogue.interrupted() is False
    assert not work.stopped.is_set()


@pytest.mark.parametrize(
    ("written", "count", "why"),
    [
        ("0", 3, "There are 3 versions. Write a number from 1 to 3."),
        ("4", 3, "There are 3 versions. Write a number from 1 to 3."),
        ("two", 3, "There are 3 versions. Write a number from 1 to 3."),
        ("1", 0, "There are no versions."),
        ("2", 1, "The only number here is 1, because there are no other versions."),
    ],
)
def test_a_number_outside_the_list_is_a_sentence_about_the_list(written: str, count: int, why: str) -> None:
    with pytest.raises(NotDoneError) as refused:
        chosen_number(written, count, "versions")
    assert str(refused.value) == why


def test_the_last_number_of_the_list_is_one_of_it() -> None:
    assert chosen_number("3", 3, "versions") == 3
