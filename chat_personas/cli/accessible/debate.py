"""A debate in sentences: two personas speak in turn, and the person who listens moderates by writing lines."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing

from chat_personas.cli.accessible.dialogue import Action, Dialogue, NotDoneError, Opened
from chat_personas.cli.accessible.measuring import Measuring
from chat_personas.conversation.conversation import ReplyEnded, ReplyText
from chat_personas.conversation.debate import MODERATOR, NOT_ROUNDS, Debate, rounds_meant
from chat_personas.monitor.sides import SideMonitors
from chat_personas.reporting.debate import debate_report, moved
from chat_personas.reporting.in_sentences import in_sentence, measured
from chat_personas.reporting.wording import sentence
from chat_personas.text import pluralize, printable
from eval.interventions import tried_out
from personas import LoadedPersona
from personas.inputs.suggestions import quoted

ROUNDS = 3
END = "/end"
PAUSED = f"Paused. Write something that both are told, Enter alone to go on, or {END} to leave the debate."


class Debating:
    """The debate that is held, if any; it pauses when a turn or its measuring is stopped."""

    def __init__(self, opened: Opened, dialogue: Dialogue, measuring: Measuring) -> None:
        """Prepare; both sides are measured where the conversation itself would be."""
        self._opened = opened
        self._dialogue = dialogue
        self._measuring = measuring
        self._debate: Debate | None = None
        self._monitors: SideMonitors | None = None
        self._round: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self._paused = False

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about debates do."""
        return {"debate": self._hold}

    @property
    def speaking(self) -> bool:
        """Whether a side speaks."""
        return self._debate is not None and any(side.replying for side in self._debate.sides)

    def stop(self) -> bool:
        """Stop the turn and keep what was said, or stop the measuring; return whether there was something to stop."""
        self._paused = True
        if self._debate is not None and self.speaking:
            stopping = asyncio.create_task(self._debate.stop())
            self._stopping.add(stopping)
            stopping.add_done_callback(self._stopping.discard)
            return True
        return self._round is not None and self._round.cancel()

    async def _hold(self, topic: str) -> None:
        """Hold a debate to its end, or until the person leaves it."""
        resumed = await self._resumed() if not topic else None
        debate = resumed or await self._begun(topic)
        for side in debate.sides:
            await tried_out(side.engine)
        self._monitors = SideMonitors(debate, self._opened.launch.make_monitor, self._opened.corpus)
        self._debate, self._paused = debate, False
        try:
            await self._argue(debate)
        finally:
            self._debate = None
            if resumed is not None:  # it went on in the open conversation
                await self._opened.session.resume(self._opened.conversation.id)
        report = debate_report(debate, self._monitors.found, self._opened.launch.loaded_survey)
        if any(estimate is not None for estimate in self._monitors.found):
            self._dialogue.say(*(in_sentence(moved(side)) for side in report.sides))
        self._dialogue.say("Left the debate. You are in your conversation again.")

    async def _resumed(self) -> Debate | None:
        """Take up the debate that the open conversation is a side of; None where it is none."""
        corpus, engine = self._opened.corpus, self._opened.engine
        key = await asyncio.to_thread(corpus.debate_of, self._opened.conversation.id)
        return None if key is None else await asyncio.to_thread(Debate.resume, corpus, (engine, engine), key)

    async def _begun(self, topic: str) -> Debate:
        """Ask for topic, personas and rounds, and open the debate. Raises NotDoneError."""
        topic = topic or (await self._dialogue.ask("What do they argue about? ")).strip()
        if not topic:
            raise NotDoneError("Without a topic there is no debate.")
        own = self._opened.conversation.persona.name
        first = await self._persona(f"Who begins? Write a persona's name, or Enter alone for {own}: ", own)
        second = await self._persona("Who answers? Write a persona's name: ", "")
        rounds = await self._rounds()
        corpus, engine = self._opened.corpus, self._opened.engine
        return await asyncio.to_thread(Debate.start, corpus, (engine, engine), (first, second), topic, rounds)

    async def _rounds(self) -> int:
        """Ask for the number of rounds until one is possible."""
        while True:
            typed = (await self._dialogue.ask(f"For how many rounds? Enter alone for {ROUNDS}: ")).strip()
            rounds = rounds_meant(typed) if typed else ROUNDS
            if rounds is not None:
                return rounds
            self._dialogue.say(sentence(NOT_ROUNDS.format(typed=quoted(typed))))

    async def _persona(self, question: str, usual: str) -> LoadedPersona:
        name = (await self._dialogue.ask(question)).strip() or usual
        if not name:
            raise NotDoneError("A debate has two personas. /personas lists them.")
        return await asyncio.to_thread(self._opened.launch.load_persona, name)

    async def _argue(self, debate: Debate) -> None:
        self._dialogue.say(
            f"{MODERATOR}: {debate.topic}",
            "Lines that you write are told to both when a turn has ended. /stop pauses.",
        )
        for place in range(len(debate.sides)):
            await self._measure(debate, place)
        while (speaking := debate.next_place) is not None:
            if self._paused and not await self._go_on(debate):
                return
            self._paused = False
            await self._speak(debate, speaking)
            await self._measure(debate, speaking)
            while self._dialogue.hurried:
                await self._tell(debate, await self._dialogue.ask(f"{MODERATOR}: "))
        self._dialogue.say(f"The debate has ended after {pluralize(debate.rounds, 'round')}.")

    async def _go_on(self, debate: Debate) -> bool:
        """Take what the moderator says in a pause; return whether the debate goes on."""
        self._dialogue.say(PAUSED)
        while line := (await self._dialogue.ask(f"{MODERATOR}: ")).strip():
            if line == END:
                return False
            await self._tell(debate, line)
        return True

    async def _tell(self, debate: Debate, line: str) -> None:
        if line.strip() and line.strip() != END:
            await debate.interject(line)
            self._dialogue.say("Both sides are told.")

    async def _speak(self, debate: Debate, place: int) -> None:
        """Say a turn in sentences, and how it ended; where the model failed, pause."""
        name, ended = printable(debate.names[place]), None
        with self._dialogue.busy(f"Waiting for {name}."):
            async with aclosing(debate.turn()) as events:
                with self._dialogue.speaking(name) as take:
                    async for _, event in events:
                        if isinstance(event, ReplyText):
                            self._dialogue.doing = f"{name} speaks."
                            take(event.text)
                        elif isinstance(event, ReplyEnded):
                            ended = event
        if ended is not None and ended.status != "complete":
            self._paused = True
            why = in_sentence(printable(ended.why)) if ended.why else ""
            stopped = "Stopped. What was said so far is kept."
            self._dialogue.say(stopped if ended.status == "stopped" else f"{name} did not come to an end. {why}")

    async def _measure(self, debate: Debate, place: int) -> None:
        """Measure a side after its last turn, where that is wanted, possible and permitted; say what was found."""
        if self._paused or not self._measuring.wanted or self._measuring.obstacle is not None:
            return
        assert self._monitors is not None
        name = printable(debate.names[place])
        self._round = asyncio.create_task(self._measure_round(self._monitors, place))
        with self._dialogue.busy(f"Measuring {name}."):
            await asyncio.wait({self._round})
        found, self._round = self._round, None
        if found.cancelled():
            self._dialogue.say(f"Measuring {name} was stopped.")
        else:
            found.result()
            estimate = self._monitors.found[place]
            self._dialogue.say(f"{name}. {measured(estimate)}" if estimate is not None else f"{name} was not measured.")

    async def _measure_round(self, monitors: SideMonitors, place: int) -> None:
        async with aclosing(monitors.measure(place)) as estimates:
            async for _ in estimates:
                pass
