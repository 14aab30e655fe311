"""Whatever people do, in whatever order: every word has one author, counts once, and goes with who withdraws.

Conversations are begun, gone on with, edited, answered again, forked, measured and deleted, their personas change, and
a debate is held beside them. Every text is said once, so a text says who wrote it, under which persona, and where.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.conversation.conversation import Conversation
from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus
from chat_personas.exporting import ALL
from personas import PersonaError, load_persona
from tests.conversation.test_versions import heard
from tests.corpus.export.participants import take_part
from tests.corpus.export.test_authors import exported
from tests.corpus.making import bytes_on_disk, without_waiting_for_the_disk
from tests.corpus.test_measurements import PROBES, measurement
from tests.examples import share
from tests.fakes import END, FakeEngine

PERSONAS = load_persona("democrat"), load_persona("republican")
STEPS = ("begin", "take part", "edit", "regenerate", "measure", "debate", "delete", *["send", "change", "fork"] * 2)
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 99)), min_size=14, max_size=24)


@dataclass
class History:
    """A corpus to which something is done, and what should be in it.

    `held` are the texts of each conversation, on all branches; `began` is by text the persona of the moment in which it
    was said or made; `of_people` are the conversations of participants and their forks, by participant.
    """

    corpus: Corpus
    engine: FakeEngine = field(default_factory=FakeEngine)
    debate: Debate | None = None
    open: list[Conversation] = field(default_factory=list)
    held: dict[str, set[str]] = field(default_factory=dict)
    measured: dict[str, int] = field(default_factory=dict)
    began: dict[str, str] = field(default_factory=dict)
    of_people: dict[str, str] = field(default_factory=dict)
    forks: set[str] = field(default_factory=set)
    texts: int = 0

    def new(self, who: str) -> str:
        self.texts += 1
        return f"{who} {self.texts:03}"

    def answers(self, persona: str) -> str:
        """Let the model answer with a text that was not there before."""
        text = self.new("model")
        self.engine._scripts.append([text, END])
        self.began[text] = persona
        return text

    async def speak(self, where: Conversation, how: Callable[..., object], *given: str) -> None:
        persona = where.present_persona.name
        said = [self.new("person")] if how != where.regenerate else []
        self.began |= dict.fromkeys(said, persona)
        answered = self.answers(persona)
        await heard(how(*given, *said))  # type: ignore[arg-type]
        self.held.setdefault(where.id, set()).update([*said, answered])

    async def do(self, what: str, number: int) -> None:
        if what in ("begin", "take part"):
            await self.begin(taking_part=what == "take part")
        elif what == "debate":
            await self.argue(number)
        elif self.open:
            await self.go_on(what, self.open[-1 if number % 2 else number // 2 % len(self.open)], number)

    async def go_on(self, what: str, where: Conversation, number: int) -> None:
        message = where.path[number // 4 % len(where.path)]
        if what == "send":
            await self.speak(where, where.send)
        elif what == "regenerate":
            await self.speak(where, where.regenerate)
        elif what == "edit" and message.author == "person":
            await self.speak(where, where.edit, message.id)
        elif what == "change":
            await self.change(where)
        elif what == "fork":
            await self.fork(where, number)
        elif what == "measure":
            self.corpus.add_measurement(measurement(where.path[-1]), PROBES)
            self.measured[where.id] = self.measured.get(where.id, 0) + 1
        elif what == "delete":
            self.delete(where)

    def delete(self, where: Conversation) -> None:
        self.open.remove(where)
        self.corpus.delete(where.id)
        self.held.pop(where.id)
        self.measured.pop(where.id, None)
        self.of_people.pop(where.id, None)

    async def begin(self, *, taking_part: bool) -> None:
        conversation = Conversation.start(self.corpus, self.engine, PERSONAS[0])
        if taking_part:
            way = take_part(self.corpus)
            assert conversation.unspoken is not None
            self.corpus.studies.attach(way.id, conversation.unspoken)
            self.of_people[conversation.id] = way.participant_id
        self.open.append(conversation)
        await self.speak(conversation, conversation.send)

    async def argue(self, number: int) -> None:
        if self.debate is None:
            self.debate = Debate.start(self.corpus, (self.engine, self.engine), PERSONAS, "person opens", 50)
        elif number % 3 == 0:
            said = self.new("person")
            await self.debate.interject(said)
        place = self.debate.next_place
        assert place is not None
        self.answers(PERSONAS[place].persona.name)
        async for _ in self.debate.turn():
            pass
        if number % 4 == 1:
            await self.fork(self.debate.sides[place], number)

    async def change(self, where: Conversation) -> None:
        if where.id in self.of_people and where.id not in self.forks:
            with pytest.raises(PersonaError):
                await where.change_persona(PERSONAS[1])
        else:
            await where.change_persona(PERSONAS[where.persona == PERSONAS[0].persona])

    async def fork(self, where: Conversation, number: int) -> None:
        message = where.path[number // 4 % len(where.path)]
        last = message.id == where.path[-1].id
        fork = Conversation.resume(self.corpus, self.engine, await where.fork(message.id))
        if message.text in self.began and message.quotes is None:
            expected = where.present_persona.name if last else self.began[message.text]
            assert fork.present_persona.name == expected
        assert fork.path[-1].text == message.text
        assert self.corpus.measurements(fork.id) == ()
        self.open.append(fork)
        self.forks.add(fork.id)
        self.held[fork.id] = {each.text for each in fork.path if each.quotes is None and each.speaker is None}
        if where.id in self.of_people:
            self.of_people[fork.id] = self.of_people[where.id]

    def check(self) -> None:
        corpus, rows = self.corpus, self.corpus.counts()
        sides = () if self.debate is None else self.debate.sides
        moderated = {each.text for side in sides for each in side.path if each.author == "person"}
        held = set().union(*self.held.values())
        argued = {each.text for side in sides for each in side.path if each.role == "assistant"}
        said = {text for text in held if text.startswith("person")}
        replied = {text for text in held if text.startswith("model")} | argued
        assert sum(row.messages for row in rows) == len(said) + len(moderated)
        assert sum(row.replies for row in rows) == len(replied)
        assert sum(row.measured for row in rows) == sum(self.measured.values())
        assert set(corpus.conversation_ids()) == self.held.keys() | {side.id for side in sides}
        for where in (*self.open, *sides):
            again = Conversation.resume(corpus, self.engine, where.id)
            assert [each.id for each in again.path] == [each.id for each in where.path]
            assert all(each.conversation_id == where.id for each in again.path)
            assert again.present_persona == where.present_persona
            made = again.personas
            assert all(made[each.id].name == self.began[each.text] for each in again.path if each.id in made)
        astray = """SELECT count(*) FROM messages JOIN messages AS before ON before.id = messages.parent_id
            WHERE before.conversation_id <> messages.conversation_id"""
        assert corpus.database().execute(astray).fetchone() == (0,)
        assert corpus.problems() == ()

    def check_exports(self, folder: Path) -> None:
        """In no format is a model's text a person's, or anything there that was said in a participant's fork."""
        originals = set().union(
            *(held for key, held in self.held.items() if key not in self.forks or key not in self.of_people)
        )
        hidden = {
            text for key, held in self.held.items() if key in self.forks and key in self.of_people for text in held
        } - originals
        for form in ALL.values():
            said = list(exported(self.corpus, form, folder))
            assert [text for text in said if "model" in text] == [], form.name
            assert hidden.isdisjoint(said), form.name

    def check_merging(self, folder: Path) -> None:
        """A corpus that is merged into an empty one, once or twice, is the same there."""
        with Corpus.open(folder / "elsewhere" / "corpus.db") as other:
            for _ in range(2):
                assert other.merge(self.corpus.path).conflicts == ()
            assert other.counts() == self.corpus.counts()
            assert other.problems() == ()

    def check_withdrawal(self, corpus_file: Path) -> None:
        gone = set().union(*(self.held[key] for key in self.of_people))
        kept = set().union(*(held for key, held in self.held.items() if key not in self.of_people))
        assert gone.isdisjoint(kept)
        for person in set(self.of_people.values()):
            self.corpus.withdraw_participant(person)
        found = bytes_on_disk(corpus_file)
        assert [text for text in gone if text.encode() in found] == []
        assert [text for text in kept if text.encode() not in found] == []
        assert self.corpus.problems() == ()


@settings(max_examples=share(10), deadline=None)
@given(done=steps)
async def test_every_word_has_one_author_counts_once_and_goes_with_its_person(done: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder, Corpus.open(Path(folder) / "corpus.db") as corpus:
        without_waiting_for_the_disk(corpus)
        history = History(corpus)
        for what, number in done:
            await history.do(what, number)
        history.check()
        history.check_exports(Path(folder))
        history.check_merging(Path(folder))
        history.check_withdrawal(Path(folder) / "corpus.db")
