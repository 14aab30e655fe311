"""What is typed in the lines of these screens and not sent: kept beside the corpus, and brought back there."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chat_personas.storage.drafts import Draft
from chat_personas.tui.chat.drafts import BROUGHT_BACK, KeptSoon
from personas.errors import ReportedError

if TYPE_CHECKING:
    from textual.screen import Screen

    from chat_personas.corpus import Corpus


class UnsentLines:
    """Keeps the lines of one screen that are not sent, each under the key of its place, as `typed` returns them.

    The key is that of the comparison or the debate, or one of `chat_personas.corpus.corpus.TO_BEGIN`. What the disk has
    is read before the screen is shown: see `read`. The screen calls `changed` where it is typed in, and awaits `leave`
    as it ends.

    Nothing takes the place of words that could not be read then: before a place is first written to it is read again,
    and what is found there that the screen does not show is kept beside what is typed. Where it still cannot be read,
    nothing is kept, which is said.
    """

    def __init__(self, screen: "Screen[Any]", corpus: "Corpus", typed: Callable[[], Mapping[str, str]]) -> None:
        self._screen = screen
        self._corpus = corpus
        self._drafts = corpus.drafts
        self._typed = typed
        self._kept = dict[str, str]()
        self._not_shown = dict[str, str]()  # what the disk has beside that, by the places that were looked at
        self._soon = KeptSoon(screen, self._begin_to_keep)
        self._one = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None

    def brought_back(self, lines: Mapping[str, str]) -> None:
        """Note what the disk has, which the screen shows now; say so where that is anything."""
        self._kept = dict(lines)
        self._drafts.typing.add(self.keep)
        if any(lines.values()):
            self._screen.notify(BROUGHT_BACK, markup=False)

    def changed(self) -> None:
        """Keep what is typed now, within a second."""
        self._soon.changed()

    def _begin_to_keep(self) -> None:
        self._keeping = asyncio.create_task(self.keep())  # no worker: the end of the screen would cut it off

    async def keep(self) -> None:
        """Keep what is typed now, and erase what is not typed any more; say once that the disk refuses."""
        async with self._one:
            typed = self._typed()
            now = {**dict.fromkeys(self._kept, ""), **typed}
            new = await asyncio.to_thread(self._not_on_disk, now)
            try:
                await asyncio.to_thread(self._write, new)
            except (OSError, ReportedError) as error:
                for place, text in new.items():
                    self._drafts.hold(place, Draft(text), error)
                self._soon.refused(error)
            else:
                self._soon.done()
                self._kept = dict(typed)

    def _not_on_disk(self, lines: Mapping[str, str]) -> dict[str, str]:
        """Return those of these lines that the disk has not as they are, also where somebody has deleted them."""
        kept, drafts = self._kept, self._drafts
        return {
            place: text
            for place, text in lines.items()
            if text != kept.get(place, "") or drafts.holds(place) or (text.strip() and not drafts.has(place))
        }

    async def leave(self) -> None:
        """Keep what is typed as the screen ends, however it ends, and let any program find it from now on."""
        await self.keep()
        self._drafts.typing.discard(self.keep)
        with suppress(OSError):  # then the next start of a program still finds it
            await asyncio.to_thread(self._release)

    def _release(self) -> None:
        for place, text in self._kept.items():
            if text:
                self._drafts.release(place)

    def _write(self, lines: Mapping[str, str]) -> None:
        """Write first, then erase: a process that is killed in between has the words twice, never not at all."""
        for place in lines.keys() - self._not_shown.keys():
            self._look(place)
        for place, text in sorted(lines.items(), key=lambda line: not line[1]):
            before = self._not_shown[place]
            self._drafts.keep(place, Draft(text, "" if text.startswith(before) else before))

    def _look(self, place: str) -> None:
        """Find the words at a place that the screen does not show. Raises as `Corpus.take_over_draft` does."""
        draft = self._corpus.take_over_draft(place)
        found = "" if draft is None else draft.whole
        self._not_shown[place] = "" if _in_one_line(found) == _in_one_line(self._kept.get(place, "")) else found


def behind(before: str, typed: str) -> str:
    """Return one line with what is typed behind what was there before, unless that has it already."""
    return before if typed in before else f"{before} {typed}".strip()


def _in_one_line(text: str) -> str:
    return " ".join(line for line in text.split("\n") if line)


async def read(corpus: "Corpus", *places: str) -> dict[str, str]:
    """Return what was typed at these places and not sent, as one line each; nothing where that cannot be read, as yet.

    This program has it from now on, until the lines are left.
    """

    def found() -> dict[str, str]:
        drafts = {place: corpus.take_over_draft(place) for place in places}
        return {place: _in_one_line(draft.whole) for place, draft in drafts.items() if draft is not None}

    try:
        return await asyncio.to_thread(found)
    except (OSError, ReportedError):
        return {}
