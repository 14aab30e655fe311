"""The slash commands of a conversation: one table, from which they are read, listed by /help and documented."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from personas.inputs.suggestions import quoted, suggestion

SLASH = "/"
AS_MESSAGE = "a line that begins with two slashes is a message"
Subject = Literal["Talking", "Measuring", "Persona and model", "Conversations", "The program"]


class SlashCommandError(Exception):
    """A line begins with a slash and is not a command. The message says what to write instead."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """What a person can ask for in place of saying something.

    `argument` is what follows the name, as help texts write it, "" where nothing does; `alone` says that the name does
    something by itself, too.
    """

    name: str
    argument: str
    does: str
    subject: Subject
    alone: bool = True

    @property
    def written(self) -> str:
        """How it is written: `/persona NAME`; in brackets what may be left out."""
        argument = f"[{self.argument}]" if self.argument and self.alone else self.argument
        return f"{SLASH}{self.name} {argument}".rstrip()

    @property
    def said(self) -> str:
        """The same for people who listen, without brackets: `/edit, or /edit TEXT`."""
        name = f"{SLASH}{self.name}"
        if not self.argument:
            return name
        return f"{name}, or {name} {self.argument}" if self.alone else f"{name} {self.argument}"


_TABLE = (
    SlashCommand("stop", "", "Stop the reply and keep what was said so far, or stop measuring.", "Talking"),
    SlashCommand("again", "", "Let the model reply to your last message once more. Both replies are kept.", "Talking"),
    SlashCommand("edit", "TEXT", "Write your last message in other words. Both are kept.", "Talking"),
    SlashCommand("versions", "NUMBER", "List the replies and messages of this turn, or go to one.", "Talking"),
    SlashCommand("paste", "", "Write a message of several lines. A line with /end sends it.", "Talking"),
    SlashCommand("copy", "", "Print the last reply and nothing else.", "Talking"),
    SlashCommand("thought", "", "Print what the model thought before the last reply.", "Talking"),
    SlashCommand("prompt", "", "Print the exact context that the model is given.", "Talking"),
    SlashCommand(
        "rate", "VALUE SCALE", "Rate the last reply, for example: /rate 5 realism 1-7.", "Talking", alone=False
    ),
    SlashCommand("measure", "on or off", "Start or stop measuring, or measure now.", "Measuring"),
    SlashCommand("panel", "", "Read the whole measurement.", "Measuring"),
    SlashCommand("question", "NUMBER", "List the questions, or read one with all shares.", "Measuring"),
    SlashCommand("persona", "NAME", "Begin a conversation with another persona.", "Persona and model", alone=False),
    SlashCommand("personas", "WORDS", "List the personas, or those with these words.", "Persona and model"),
    SlashCommand("model", "M", "Say which model replies, or go on with another one.", "Persona and model"),
    SlashCommand("steer", "STRENGTH, on or off", "Say what is on inside the model, or change it.", "Persona and model"),
    SlashCommand("new", "", "Begin a conversation with the same persona.", "Conversations"),
    SlashCommand("list", "", "List the latest conversations.", "Conversations"),
    SlashCommand("search", "WORDS", "Find messages with these words.", "Conversations", alone=False),
    SlashCommand(
        "open", "ID", "Open a conversation by its number in the last list, or by its id.", "Conversations", alone=False
    ),
    SlashCommand("rename", "TITLE", "Give this conversation another title.", "Conversations", alone=False),
    SlashCommand("export", "FILE", "Write this conversation to a file: .md, .html or .jsonl.", "Conversations"),
    SlashCommand("delete", "ID", "Delete this conversation, or another one, after a question.", "Conversations"),
    SlashCommand("help", "COMMAND", "List the commands, or say what one does.", "The program"),
    SlashCommand("quit", "", "Leave the program. Everything is kept.", "The program"),
)
COMMANDS: Mapping[str, SlashCommand] = MappingProxyType({command.name: command for command in _TABLE})
"""Every command by its name, in the order of the help."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with what follows its name, "" for nothing."""

    command: SlashCommand
    argument: str


def asked(line: str) -> Asked | None:
    """Read a line as a command; None where it is a message.

    Raises:
        SlashCommandError: there is no such command, or it lacks what must follow its name.
    """
    words = line.strip()
    if not words.startswith(SLASH) or words.startswith(2 * SLASH):
        return None
    name, _, argument = words.removeprefix(SLASH).partition(" ")
    command = named(name)
    if not command.alone and not argument.strip():
        raise SlashCommandError(f"write {command.written}")
    if argument.strip() and not command.argument:
        raise SlashCommandError(f"nothing follows {command.written}; {AS_MESSAGE}")
    return Asked(command, argument.strip())


def named(name: str) -> SlashCommand:
    """Return the command of this name, with or without its slash. Raises SlashCommandError."""
    command = COMMANDS.get(name.removeprefix(SLASH).casefold())
    if command is None:
        advice = suggestion(name.removeprefix(SLASH), tuple(COMMANDS), f"{SLASH}help lists all")
        raise SlashCommandError(
            f"there is no command {quoted(f'{SLASH}{name.removeprefix(SLASH)}')}; {advice}; {AS_MESSAGE}"
        )
    return command


def message_of(line: str) -> str:
    """Return a line that is not a command as the message that it is: of two slashes at its beginning one stays."""
    words = line.strip()
    return words.removeprefix(SLASH) if words.startswith(2 * SLASH) else words


def by_subject() -> Iterator[tuple[Subject, tuple[SlashCommand, ...]]]:
    """Yield every subject with its commands, in the order of the table."""
    for subject in dict.fromkeys(command.subject for command in COMMANDS.values()):
        yield subject, tuple(command for command in COMMANDS.values() if command.subject == subject)
