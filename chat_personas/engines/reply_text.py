"""Which part of a model's output is its reply: not its thoughts, and nothing after a text that ends it.

Reasoning models write thoughts before they reply, between markers of their own. Some write in channels (OpenAI's
"harmony" format), of which only one holds the reply. Neither thoughts nor the names of channels are what was said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

_NAMES = r"(?!end_)(?:\w+[:_])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad)"
_MARKER = re.compile(
    rf"""
      (?P<open>  <\|?(?:start_|begin_of_|start_of_)?{_NAMES}(?:_start|_begin)?\|?> | \[THINK\] | ◁think▷ | <\|channel>
                 | <\|inner_prefix\|> | <unused94>
                 | here(?:\s+is|'s)\s+my\s+thought\s+process: )
    | (?P<close> </\|?{_NAMES}\|?> | <\|/{_NAMES}\|> | <\|?end_(?:of_)?{_NAMES}\|?> | <\|?{_NAMES}_end\|?>
                 | \[/THINK\] | ◁/think▷ | <channel\|> | <\|inner_suffix\|> | <unused95>
                 | here(?:\s+is|'s)\s+my\s+response: )
    | (?P<channel> <\|channel\|> ) | (?P<message> <\|message\|> ) | (?P<start> <\|start\|> )
    | (?P<end> <\|(?:end|return|call)\|> )
    | (?P<wrapper> </?(?:answer|response)> | <\|(?:start|end)_response\|> | <\|(?:begin|end)_of_solution\|> )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LEAKED = re.compile(r"(?P<leaked>assistantfinal|(?<=[.!?…\"”)\n])(?:assistant)?final(?=[^\sa-z]))")
"""The name of the channel with the reply where the markers around it are missing: it stands without spaces."""
_HALF = re.compile(r"[<\[◁][^\s>\]▷]{0,31}$")
"""The end of a text that may become a marker."""
_PHRASES = ("Here is my thought process:", "Here's my thought process:", "Here is my response:", "Here's my response:")
"""Granite's markers are sentences."""
_QUOTATION_MARKS = "`'\"“‘«"
_BLANK = re.compile(r"\s*")
_LONGEST_LEAK = 16
_REPLYING = "final"


class _Mode(Enum):
    REPLY = 0
    THOUGHT = 1
    HEADER = 2
    """Between two markers, where the name of a role or of a channel stands."""


@dataclass(frozen=True, slots=True)
class Said:
    """What has become clear of a model's output: the next part of the reply, and of the thoughts.

    `recalls`: what was taken for the reply before this was a thought, before the first of `thought`.
    """

    reply: str = ""
    thought: str = ""
    recalls: bool = False

    def then(self, later: "Said") -> "Said":
        """Return what became clear here and `later` as one."""
        if later.recalls:
            return Said(later.reply, self.thought + self.reply + later.thought, recalls=True)
        return Said(self.reply + later.reply, self.thought + later.thought, self.recalls)


def is_marker(text: str) -> bool:
    """Whether `text` is a marker of thoughts, of channels or of the reply, and nothing else."""
    return _MARKER.fullmatch(text) is not None


def parted(output: str) -> Said:
    """Return the reply and the thoughts in a whole output.

    Where the first marker closes a thought, the prompt has opened it: what comes before is a thought, too.
    """
    kinds = (found.lastgroup for found in _MARKER.finditer(output) if not _is_phrase(found))
    text = ReplyText(thinking=next((kind for kind in kinds if kind in ("open", "close")), None) == "close")
    text.add(output)
    text.end()
    return Said(text.reply, text.thought)


def opens_thought(prompt: str) -> bool:
    """Whether a prompt ends within a thought: the model then goes on with it."""
    kinds = [found.lastgroup for found in _MARKER.finditer(prompt) if found.lastgroup in ("open", "close")]
    return kinds[-1:] == ["open"]


class ReplyText:
    """Takes a model's output piece by piece and parts the reply from the thoughts.

    What may be the beginning of a marker or of a stop text is held back until it is clear. `reply` is all of the reply
    so far, and `thought` all thoughts; `ended` is set when a stop text was found. An output without markers and stop
    texts is the reply, character by character.

    Where the first marker closes a thought, the prompt had opened it: what looked like the reply is recalled once more
    of the reply comes, or at the end. A marker in quotation marks is a word of the reply.
    """

    def __init__(self, *, thinking: bool = False, stops: Sequence[str] = ()) -> None:
        """Begin a reply.

        Args:
            thinking: whether the prompt ends within a thought (`opens_thought`).
            stops: texts before which the reply ends. With them the reply has no white space around it.
        """
        self._mode = _Mode.THOUGHT if thinking else _Mode.REPLY
        self._stops = re.compile(rf"\s*(?:{'|'.join(map(re.escape, stops))})") if stops else None
        self._stop_texts = tuple(stops)
        self._longest_stop = max(map(len, stops), default=0)
        self._in_channel = False
        self._header = ""
        self._held = ""
        self._blank: list[str] = []
        self._replies: list[str] = []
        self._thoughts: list[str] = []
        self._to_recall = False
        self._recalled = False
        self.knows_thoughts = thinking
        """Whether it is known where thoughts begin, so that nothing is recalled: a marker came, or they come apart."""
        self.ended = False

    @property
    def reply(self) -> str:
        """All of the reply so far."""
        return "".join(self._replies)

    @property
    def thought(self) -> str:
        """All thoughts so far."""
        return "".join(self._thoughts)

    @property
    def thinking(self) -> bool:
        """Whether the output is within a thought, or before the reply of another channel."""
        return self._mode is not _Mode.REPLY

    def add(self, text: str) -> Said:
        """Take more of the output; return what has become clear."""
        return self._take(self._held + text, last=False)

    def end(self) -> Said:
        """Take the end of the output; return what was held back."""
        return self._take(self._held, last=True)

    def _take(self, text: str, *, last: bool) -> Said:
        replies, thoughts = len(self._replies), len(self._thoughts)
        self._recalled = False
        self._held = ""
        at = 0
        while not self.ended and (found := self._next(text, at)) is not None:
            self._put(text[at : found.start()])
            self._turn(found)
            at = found.end()
        if not self.ended:
            rest = text[at:].rstrip() if last and self._stop_texts else text[at:]
            clear = len(rest) if last else self._clear(rest)
            self._put(rest[:clear])
            self._held = rest[clear:]
        if last and self._to_recall:
            self._recall()
        if last and not (self._replies or self._thoughts or self._header):
            self._replies, self._blank = self._blank, []
        if self._recalled:
            return Said("".join(self._replies), "".join(self._thoughts[thoughts + replies :]), recalls=replies > 0)
        return Said("".join(self._replies[replies:]), "".join(self._thoughts[thoughts:]))

    def _next(self, text: str, at: int) -> re.Match[str] | None:
        """Return the first marker or stop text from `at` on that means something here.

        Nothing is looked for beyond the next marker: a text may be full of them, and would be read again for each.
        """
        said = _BLANK.match(text, at)
        words = at if said is None else said.end()
        marker = next((found for found in _MARKER.finditer(text, at) if self._means(found, words)), None)
        end = len(text) if marker is None else marker.start()
        sooner = None
        if self._mode is _Mode.REPLY and self._stops is not None:
            sooner = self._stops.search(text, at, end + self._longest_stop)
        if self._mode is _Mode.THOUGHT and self._in_channel:
            sooner = _LEAKED.search(text, at, end + 1)  # what follows the name tells whether it is one
        return marker if sooner is None or sooner.start() >= end else sooner

    def _means(self, found: re.Match[str], words: int) -> bool:
        """Whether this is a marker here. Anybody may say Granite's sentences: they are where it says them.

        `words` is where something other than white space begins.
        """
        if not _is_phrase(found):
            return True
        if found.lastgroup == "close":
            return self._mode is _Mode.THOUGHT
        return not self._replies and found.start() <= words

    def _turn(self, found: re.Match[str]) -> None:
        """Go on in the mode that a marker begins."""
        kind = found.lastgroup
        unopened = kind == "close" and not self.knows_thoughts and bool(self._replies)
        if unopened and self._replies[-1][-1] in _QUOTATION_MARKS:
            self._put(found[0])
            return
        if self._to_recall and kind in ("open", "channel"):
            self._recall()
        self._to_recall = self._to_recall or unopened
        self.knows_thoughts = self.knows_thoughts or kind in ("open", "close", "channel")
        if kind is None:
            self.ended = True
        elif kind in ("channel", "start"):
            self._mode, self._header = _Mode.HEADER, ""
            self._in_channel = kind == "channel"
        elif kind == "message":
            replying = not self._in_channel or self._header.strip().startswith(_REPLYING)
            self._mode = _Mode.REPLY if replying else _Mode.THOUGHT
        elif kind == "open":
            self._mode, self._in_channel = _Mode.THOUGHT, False
        elif kind != "wrapper" or self._thoughts:
            self._mode = _Mode.REPLY
        else:
            self._put(found[0])  # no thoughts came before: it is what the model says

    def _put(self, text: str) -> None:
        if self._mode is _Mode.HEADER:
            self._header += text
        elif self._mode is _Mode.THOUGHT:
            self._thoughts += [text] if text else []
        elif self._to_recall:
            if text.strip():
                self._recall()
                self._put(text)
        elif self._replies:
            self._replies += [text] if text else []
        else:
            # White space before the reply is dropped if a thought follows it or has come before, or in a transcript.
            bare = self._thoughts or self._header or self._stop_texts
            self._blank = [] if bare else self._blank
            if text.strip():
                self._replies, self._blank = [*self._blank, text.lstrip() if bare else text], []
            elif text and not bare:
                self._blank.append(text)

    def _recall(self) -> None:
        self._to_recall, self._recalled = False, True
        self._thoughts, self._replies = self._replies, []

    def _clear(self, text: str) -> int:
        """Return how much of `text` cannot be the beginning of a marker or of a stop text."""
        half = _HALF.search(text)
        clear = half.start() if half else len(text)
        if not self._replies:
            clear = min([clear, *(len(text) - _overlap(text, phrase) for phrase in _PHRASES)])
        if self._mode is _Mode.REPLY:
            clear = min([clear, *(len(text) - _overlap(text, stop) for stop in self._stop_texts)])
            return len(text[:clear].rstrip()) if self._stop_texts else clear
        if self._mode is _Mode.THOUGHT and self._in_channel:
            return min(clear, max(0, len(text) - _LONGEST_LEAK))
        return clear


def _is_phrase(found: re.Match[str]) -> bool:
    return found[0][:1] in "Hh"


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest beginning of `stop` with which `text` ends."""
    return next((n for n in range(min(len(stop), len(text)), 0, -1) if text.endswith(stop[:n])), 0)
