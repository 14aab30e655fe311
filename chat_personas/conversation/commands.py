"""The commands of a conversation: the one table of what a person can ask for besides saying something.

Every face takes its commands from here: the screen its keys, palette, key help and what is written with a slash; the
mode for screen readers its slash commands and their help; and the pages of the documentation their tables.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

SLASH = "/"
AS_MESSAGE = "a line that begins with two slashes is a message"
Subject = Literal["Talking", "Measuring", "Persona and model", "Conversations", "Side by side", "The program"]
Face = Literal["screen", "sentences"]
"""Where a person talks: on the screen, or in the sentences of the mode for screen readers."""


WHERE: Mapping[Face, str] = {"screen": "the screen", "sentences": "the mode for screen readers"}
"""How the faces are called."""
IN_THE_ROOM = "/room shows the room, whose keys do that"


class CommandError(Exception):
    """A line begins with a slash and is not a command. The message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a person can ask for in place of saying something.

    `argument` is what follows the name, as help texts write it, "" where nothing does. `does` says what it does in
    sentences; `alone` that its name does something by itself there, too: on the screen every name does.
    `in_sentences` is false for what only the screen has, and `in_short` empty for what only the sentences have;
    `instead` says what does the same on the face that lacks it.

    `in_short` is what it does on the screen, in at most 36 letters, "" where only the sentences have it; `keys` are its
    keys there, "" for none; `label` is its name in the key line, "" where it stays out of that; `id` is the name by
    which settings rebind it, the command's own unless another is given. `beside` says whether it leaves what was said
    as it is in sentences, and begins nothing there: always, or where nothing follows its name.
    """

    name: str
    argument: str
    does: str
    subject: Subject
    alone: bool = True
    in_short: str = ""
    keys: str = ""
    label: str = ""
    id: str = ""
    in_sentences: bool = True
    instead: str = ""
    beside: Literal["", "alone", "always"] = ""

    @property
    def written(self) -> str:
        """How it is written in sentences: `/persona NAME`; in brackets what may be left out."""
        argument = f"[{self.argument}]" if self.argument and self.alone else self.argument
        return f"{SLASH}{self.name} {argument}".rstrip()

    @property
    def written_on_screen(self) -> str:
        """The same for the screen, where every name does something alone: `/persona [NAME]`."""
        return f"{SLASH}{self.name} [{self.argument}]" if self.argument else f"{SLASH}{self.name}"

    @property
    def said(self) -> str:
        """The same for people who listen, without brackets: `/edit, or /edit TEXT`."""
        name, argument = f"{SLASH}{self.name}", self.argument
        if not argument:
            return name
        return f"{name}, or {name} {argument}" if self.alone else f"{name} {argument}"

    @property
    def binding_id(self) -> str:
        """The id by which the settings rebind its keys."""
        return self.id or self.name.replace("-", "_")

    def on(self, face: Face) -> bool:
        """Whether a face has it."""
        return self.in_sentences if face == "sentences" else bool(self.in_short)


_TABLE = (
    Command(
        "stop",
        "",
        "Stop the reply, measuring and lines that wait. What was said so far is kept.",
        "Talking",
        in_short="Stop the reply and keep its text",
        keys="escape",
        label="Stop",
    ),
    Command(
        "again",
        "",
        "Let the model reply to your last message once more. Both replies are kept.",
        "Talking",
        in_short="Regenerate the last reply",
        keys="f5,ctrl+r",
        label="Again",
        id="regenerate",
    ),
    Command(
        "edit",
        "TEXT",
        "Write your last message in other words, or your message NUMBER: /edit #2 TEXT. Both are kept.",
        "Talking",
        in_short="Edit the chosen or your last message",
        keys="f6,ctrl+l",
        label="Edit",
    ),
    Command(
        "versions",
        "NUMBER",
        "List the replies and messages of this turn, or go to one; /versions #2 lists those of your message 2.",
        "Talking",
        in_short="Next version of the last turn",
        keys="f8",
        id="other",
        beside="alone",
    ),
    Command(
        "paste",
        "",
        "Write a message of several lines. A line with /end sends it.",
        "Talking",
        instead="here a text of several lines is pasted or written as it is",
    ),
    Command(
        "choose",
        "",
        "Choose a message to do something with it.",
        "Talking",
        in_short="Choose a message (or Shift+Tab)",
        in_sentences=False,
        instead="/jump lists your messages, and /edit, /versions and /fork take their numbers",
    ),
    Command(
        "jump",
        "WORDS",
        "List your messages with their numbers, or those with these words.",
        "Talking",
        in_short="Go to one of your messages",
        keys="alt+j",
        beside="always",
    ),
    Command(
        "find",
        "WORDS",
        "Find the messages of this conversation with these words.",
        "Talking",
        alone=False,
        in_short="Find words in this conversation",
        keys="ctrl+f",
        beside="always",
    ),
    Command(
        "queue",
        "drop NUMBER",
        "List the lines that wait while a reply comes, or leave one of them out.",
        "Talking",
        in_short="Edit or reorder waiting messages",
    ),
    Command(
        "copy",
        "all",
        "Print the last reply and nothing else, or all of the conversation.",
        "Talking",
        in_short="Copy the chosen message, or a reply",
        keys="f7",
        label="Copy",
        beside="always",
    ),
    Command(
        "whole",
        "",
        "Show a long message whole, without Markdown.",
        "Talking",
        in_short="Show a long message whole",
        keys="f10,alt+w",
        in_sentences=False,
        instead="/copy reads the last reply whole, and /copy all the conversation",
    ),
    Command(
        "thought",
        "",
        "Print what the model thought before the last reply.",
        "Talking",
        in_short="Show or hide what the model thought",
        keys="f9",
        label="Thoughts",
        id="thoughts",
        beside="always",
    ),
    Command(
        "editor",
        "all",
        "Write the message in your editor, or read the conversation there.",
        "Talking",
        in_short="Write or read in your editor",
        keys="alt+x",
        in_sentences=False,
        instead="/paste takes a message of several lines",
    ),
    Command(
        "prompt",
        "probe",
        "Print the exact context that the model is given, with its tokens; or what the last probe sent.",
        "Talking",
        in_short="Show the exact prompt",
        keys="f3",
        beside="always",
    ),
    Command(
        "rate",
        "VALUE SCALE",
        "Rate the last reply, for example: /rate 5 realism 1-7. Without a scale it is on the one of before.",
        "Talking",
        in_short="Rate the last reply",
        keys="alt+r",
        beside="always",
    ),
    Command(
        "measure",
        "on or off",
        "Start or stop measuring, or measure now.",
        "Measuring",
        in_short="Start or stop measuring",
        keys="f4",
        id="measuring",
    ),
    Command(
        "panel",
        "",
        "Read the whole measurement.",
        "Measuring",
        in_short="Show, enter or leave the panel",
        keys="f2,ctrl+t",
        label="Panel",
        beside="always",
    ),
    Command(
        "hide-panel",
        "",
        "Hide the panel on a wide screen, or show it again.",
        "Measuring",
        in_short="Hide or show the panel",
        keys="alt+p,ctrl+b",
        in_sentences=False,
        instead="nothing stands beside the conversation here, and /panel reads the measurement",
    ),
    Command(
        "explain",
        "SECTION",
        "Say what a section of the panel means, with the figures of this conversation.",
        "Measuring",
        in_short="Say what the panel means",
        beside="always",
    ),
    Command(
        "essence",
        "",
        "Show the essence of the panel, or all of its sections.",
        "Measuring",
        in_short="Panel: the essence, or all sections",
        in_sentences=False,
        instead="/panel reads the measurement, and In short is its first row",
    ),
    Command(
        "large-print",
        "",
        "Show the alignment as one large number, for a projector.",
        "Measuring",
        in_short="Show the alignment in large print",
        in_sentences=False,
        instead="/panel reads the measurement",
    ),
    Command(
        "question",
        "NUMBER",
        "List the questions, or read one with all shares.",
        "Measuring",
        instead="/panel goes to the panel, which has a section with the questions",
        beside="always",
    ),
    Command(
        "persona",
        "NAME or GROUPS",
        "Begin a conversation with another persona, or with groups: /persona POLPARTY=Democrat SEX=Female. "
        "Alone, list the personas.",
        "Persona and model",
        in_short="Choose another persona",
        keys="ctrl+g",
        label="Persona",
        beside="alone",
    ),
    Command(
        "personas",
        "WORDS",
        "List the personas, or those with these words.",
        "Persona and model",
        instead="/persona lists them",
        beside="always",
    ),
    Command(
        "go-on",
        "NAME or GROUPS",
        "Go on in this conversation with another persona.",
        "Persona and model",
        alone=False,
        in_short="Go on here with another persona",
    ),
    Command(
        "prompt-text",
        "TEXT",
        "Say the steering prompt, or go on in this conversation with one of your own words: /prompt-text TEXT.",
        "Persona and model",
        in_short="Write the steering prompt yourself",
        beside="alone",
    ),
    Command(
        "save-persona",
        "NAME",
        "Save this persona as one of your own.",
        "Persona and model",
        alone=False,
        in_short="Save this persona as your own",
    ),
    Command(
        "model",
        "M",
        "Say which model replies, or go on with another one.",
        "Persona and model",
        in_short="Choose another model",
        keys="alt+m",
        beside="alone",
    ),
    Command(
        "models",
        "WORDS",
        "List the models on this machine, and those to fetch.",
        "Persona and model",
        instead="/model lists them",
        beside="always",
    ),
    Command(
        "steer",
        "STRENGTH, on or off",
        "Say what is on inside the model, or change it.",
        "Persona and model",
        in_short="Say or set what is on inside",
        beside="alone",
    ),
    Command(
        "sampling",
        "NAME=NUMBER",
        "Say how replies are drawn, or change it here: /sampling temperature=0.5 seed=7, or /sampling default.",
        "Persona and model",
        in_short="Choose how replies are drawn here",
        beside="alone",
    ),
    Command(
        "steer-up",
        "",
        "Steer 0.25 further along the persona's direction.",
        "Persona and model",
        in_short="Steer further along the direction",
        keys="alt+up,ctrl+up",
        in_sentences=False,
        instead="/steer STRENGTH sets the strength, as in /steer 0.5",
    ),
    Command(
        "steer-down",
        "",
        "Steer 0.25 less along it, or the other way.",
        "Persona and model",
        in_short="Steer less, or the other way",
        keys="alt+down,ctrl+down",
        in_sentences=False,
        instead="/steer STRENGTH sets the strength, as in /steer -0.5",
    ),
    Command(
        "new",
        "",
        "Begin a conversation with the same persona.",
        "Conversations",
        in_short="Begin a new conversation",
        keys="ctrl+n",
        label="New",
    ),
    Command(
        "fork",
        "NUMBER",
        "Begin a new conversation with the messages of this one, or those up to the reply to your message NUMBER.",
        "Conversations",
        in_short="Fork: new conversation up to here",
    ),
    Command(
        "list",
        "NUMBER",
        "List the latest conversations, or go on with the one of this number.",
        "Conversations",
        instead="/open lists them",
        beside="always",
    ),
    Command(
        "search",
        "WORDS",
        "Find messages with these words.",
        "Conversations",
        alone=False,
        instead="/open lists the conversations and searches them",
        beside="always",
    ),
    Command(
        "open",
        "ID",
        "Open a conversation by its number in the last list, or by its id. Alone, list the latest.",
        "Conversations",
        in_short="List, search or delete conversations",
        keys="ctrl+o",
        label="Open",
        beside="alone",
    ),
    Command(
        "rename",
        "TITLE",
        "Give this conversation another title.",
        "Conversations",
        alone=False,
        in_short="Give this conversation another title",
        beside="always",
    ),
    Command(
        "export",
        "FORMAT PATH",
        "Write this conversation to a file, in the format that was chosen last or another; /export formats lists them.",
        "Conversations",
        in_short="Export the conversation to a file",
        keys="ctrl+s",
        label="Export",
        beside="always",
    ),
    Command(
        "delete",
        "ID",
        "Delete this conversation, or another one, after a question.",
        "Conversations",
        in_short="Delete this conversation (it asks)",
    ),
    Command(
        "room",
        "QUESTION",
        "Ask all groups of an attribute one question, or read what they answered once more.",
        "Side by side",
        in_short="Ask the room one question",
        keys="f12,alt+a",
    ),
    Command(
        "guess",
        "NUMBER",
        "Guess how the people of an answer of the room answered, by its number, before you hear it.",
        "Side by side",
        instead=IN_THE_ROOM,
    ),
    Command(
        "reveal",
        "",
        "Read people's own answers to the question of the room, or hide them again.",
        "Side by side",
        instead=IN_THE_ROOM,
    ),
    Command(
        "save-room",
        "FILE",
        "Save what the room answered: a page (.html), a figure (.svg) or the data (.json).",
        "Side by side",
        alone=False,
        instead=IN_THE_ROOM,
    ),
    Command(
        "compare",
        "TEXT",
        "Say the same to this persona and to others, beside each other, or go on with the comparison.",
        "Side by side",
        in_short="Compare personas side by side",
        keys="alt+c,f11",
    ),
    Command(
        "debate",
        "TOPIC",
        "Let two personas argue a topic, while you moderate.",
        "Side by side",
        in_short="Let two personas debate",
    ),
    Command(
        "end",
        "",
        "Leave a comparison or a debate.",
        "Side by side",
        instead="a comparison or a debate on the screen takes it, and this is neither",
    ),
    Command(
        "introduction",
        "",
        "Show the introduction again.",
        "The program",
        in_short="Show the introduction again",
        in_sentences=False,
        instead="/help lists what can be asked for here",
    ),
    Command(
        "settings",
        "NAME VALUE",
        "List the settings, those with this name, or change one.",
        "The program",
        in_short="Show and change the settings",
        keys="alt+o",
        beside="always",
    ),
    Command(
        "theme",
        "",
        "Choose the colours of the screen.",
        "The program",
        in_short="Choose a theme",
        in_sentences=False,
        instead="nothing has colours here, and /settings theme NAME chooses those of the screen",
    ),
    Command(
        "help",
        "COMMAND",
        "List the commands, or say what one does.",
        "The program",
        in_short="List all keys",
        keys="f1",
        label="Help",
        beside="always",
    ),
    Command(
        "quit",
        "",
        "Leave the program. Everything is kept.",
        "The program",
        in_short="Quit (or press Ctrl+C twice)",
        keys="ctrl+q",
        label="Quit",
    ),
)
COMMANDS: Mapping[str, Command] = MappingProxyType({command.name: command for command in _TABLE})
"""Every command by its name, in the order of the help."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with what follows its name, "" for nothing."""

    command: Command
    argument: str

    @property
    def stops_nothing(self) -> bool:
        """Whether this leaves what was said as it is, and begins nothing: what is going on need not stop for it."""
        return self.command.beside == "always" or (self.command.beside == "alone" and not self.argument)


def asked(line: str, face: Face = "sentences") -> Asked | None:
    """Read a line as a command of a face; None where it is a message.

    Raises:
        CommandError: there is no such command, or it lacks what must follow its name.
    """
    parted = _parted(line)
    if parted is None:
        return None
    name, argument = parted
    command = named(name, face)
    if not command.alone and not argument and face == "sentences":
        raise CommandError(f"write {command.written}")
    return _with(command, argument)


def _parted(line: str) -> tuple[str, str] | None:
    """Return the name of a command and what follows it; None for a line that is a message."""
    words = line.strip()
    if not words.startswith(SLASH) or words.startswith(2 * SLASH):
        return None
    name, _, argument = words.removeprefix(SLASH).partition(" ")
    return name, argument.strip()


def _with(command: Command, argument: str) -> Asked:
    if argument and not command.argument:
        raise CommandError(f"nothing follows {SLASH}{command.name}; {AS_MESSAGE}")
    return Asked(command, argument)


def named(name: str, face: Face = "sentences") -> Command:
    """Return the command of this name, with or without its slash.

    Raises:
        CommandError: there is none, or this face does not have it; the message says what to write instead.
    """
    from personas.inputs.suggestions import SUGGESTED, nearest, quoted  # late: the first frame needs the table

    name = name.removeprefix(SLASH)
    command = COMMANDS.get(name.casefold())
    if command is not None and not command.on(face):
        (other,) = (where for each, where in WHERE.items() if each != face)
        raise CommandError(f"{SLASH}{command.name} is for {other}: {command.instead}")
    if command is None:
        written, others = f"{SLASH}{name}", [known for known, each in COMMANDS.items() if each.on(face)]
        if (near := nearest(name, others)) is not None:
            advice = f"{SUGGESTED}{quoted(f'{SLASH}{near}')}? {AS_MESSAGE[:1].upper()}{AS_MESSAGE[1:]}"
        else:
            advice = f"{SLASH}help lists all; {AS_MESSAGE}"
        raise CommandError(f"there is no command {quoted(written)}; {advice}")
    return command


def asked_beside(line: str, here: Collection[str], how: str) -> Asked | None:
    """Read a line of a comparison or a debate as a command; None where it is a message.

    Raises:
        CommandError: there is no such command, or it is not one of those that do something `here`. The message says
            `how` to go on.
    """
    parted = _parted(line)
    if parted is None:
        return None
    name, argument = parted
    command = COMMANDS.get(name.casefold()) or named(name, "screen")
    if command.name not in here:
        raise CommandError(for_conversation(command, how))
    return _with(command, argument)


def for_conversation(command: Command, how: str) -> str:
    """Say that a command does nothing in a comparison or a debate, and `how` to go on there."""
    return f"{SLASH}{command.name} is for a conversation. {how}"


def numbered(argument: str) -> tuple[int | None, str]:
    """Split `#2 TEXT` into the number of a message and the text; None for the number where there is none."""
    first, _, rest = argument.strip().partition(" ")
    if first.startswith("#") and first[1:].isdecimal():
        return int(first[1:]), rest.strip()
    return None, argument.strip()


def message_of(line: str) -> str:
    """Return a line that is not a command as the message that it is: of two slashes at its beginning one stays."""
    words = line.strip()
    return words.removeprefix(SLASH) if words.startswith(2 * SLASH) else words


def by_subject(face: Face) -> Iterator[tuple[Subject, tuple[Command, ...]]]:
    """Yield every subject with the commands that a face has, in the order of the table."""
    shown = tuple(command for command in COMMANDS.values() if command.on(face))
    for subject in dict.fromkeys(command.subject for command in shown):
        yield subject, tuple(command for command in shown if command.subject == subject)


def completions(text: str) -> tuple[Command, ...]:
    """Return the commands of the screen that the beginning of a line may become; none for a message."""
    if not text.startswith(SLASH) or text.startswith(2 * SLASH) or not text.strip() or "\n" in text:
        return ()
    name, blank, _ = text.removeprefix(SLASH).partition(" ")
    found = (each for each in COMMANDS.values() if each.on("screen") and each.name.startswith(name.casefold()))
    return tuple(each for each in found if not blank or each.name == name.casefold())
