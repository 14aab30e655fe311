"""The panel shows each figure with its uncertainty, its references, and what makes it doubtful."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from chat_personas.corpus import Corpus
from chat_personas.monitor.monitor import Monitor
from chat_personas.tui.widgets.panel.panel import AlignmentPanel
from eval.engine import Engine, EngineInfo, Message, Piece, Probe, ProbeScore
from eval.scoring.scores import Scorecard
from eval.surveys.loading import load_survey
from personas import Persona
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until

TALL = (120, 90)


class HaltingEngine(ScreenEngine):
    """Answers the probes of ten questions, then waits until the test lets it go on."""

    def __init__(self, *more: list[str | Piece]) -> None:
        super().__init__(reply("Yes."), *more)
        self.go_on = asyncio.Event()

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        in_question_order = sorted(probes, key=lambda probe: probe.key)
        for probe in in_question_order:
            if self.probed == 20:
                await self.go_on.wait()
            async for score in super().score(prefix, [probe]):
                yield score


def measured(panel: AlignmentPanel) -> bool:
    return panel.estimate is not None and panel.estimate.complete


def scorecard(panel: AlignmentPanel) -> Scorecard:
    assert panel.estimate is not None
    assert panel.estimate.scorecard is not None
    return panel.estimate.scorecard


async def test_the_panel_shows_the_alignment_its_interval_and_the_references(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), measure=True, make_monitor=monitor), TALL) as pilot:
        panel = chat(pilot).panel
        await until(pilot, lambda: measured(panel) and "measured: 62 questions" in shown(pilot))

        card = scorecard(panel)
        score = card.scores.alignment
        assert score is not None
        assert score.low is not None
        assert score.high is not None
        assert f"alignment {score.mean:.2f} [{score.low:.2f}, {score.high:.2f}]  95%" in shown(pilot)
        assert card.references is not None
        for name in ("persona", "everyone's answers", "Republican answers", "even answers", "noise floor"):
            assert f" {name} " in shown(pilot)
        assert "Republican answers: in the persona's place" in shown(pilot)
        assert "this persona vs. Republican answers" in shown(pilot)
        tied = sum(near.tied for near in card.nearest)
        assert f"= tied: {tied} of {len(card.nearest)} groups may be the nearest" in shown(pilot)
        assert card.nearest[0].group.label in shown(pilot)
        assert "label mass 0.90" in shown(pilot)
        assert "paraphrased, unweighted" in shown(pilot)


async def test_while_it_measures_the_panel_says_how_much_is_known_and_shows_no_interval_too_soon(
    corpus_file: Path,
) -> None:
    engine = HaltingEngine()
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await until(pilot, lambda: "measuring…" in shown(pilot))

        engine.go_on.set()
        await until(pilot, lambda: "measured: 62 questions" in shown(pilot))
        await until(pilot, lambda: "measuring…" not in shown(pilot))


async def test_every_turn_adds_a_row_to_the_course(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await until(pilot, lambda: "turn 0" in shown(pilot))
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "turn 1" in shown(pilot))

        assert "turn 0" in shown(pilot)


@pytest.mark.slow
async def test_on_a_slow_model_the_panel_says_how_many_answers_are_of_this_turn(corpus_file: Path) -> None:
    def slow(engine: Engine, persona: Persona, corpus: Corpus) -> Monitor:
        return Monitor(engine, load_survey("civic"), persona.groups, corpus=corpus, seconds=1e-9)

    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=slow), TALL) as pilot:
        await until(pilot, lambda: "measured 28 of 62 questions" in shown(pilot))
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "28 this turn (24 anchors), 4 older" in shown(pilot))

        assert "measured 32 of 62 questions" in shown(pilot)
        assert "since turn 0: no change on the" in shown(pilot)
    assert engine.probed == 2 * (28 + 28)


def rounds_of(corpus_file: Path) -> list[tuple[int | None, bool]]:
    """The rounds of the only conversation as the corpus has them: which message they followed, and whether whole."""
    with Corpus.open(corpus_file, read_only=True) as corpus:
        (conversation,) = corpus.conversations()
        leaf = corpus.conversation(conversation.id).active_leaf_id
        assert leaf is not None
        places = {None: 0, **{row.id: number for number, row in enumerate(corpus.branch(leaf), start=1)}}
        return [(places.get(row.message_id), row.complete) for row in corpus.measurements(conversation.id)]


@pytest.mark.slow
async def test_a_round_that_a_message_interrupts_goes_on_after_the_reply_and_then_the_next_begins(
    corpus_file: Path,
) -> None:
    engine = HaltingEngine()
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await until(pilot, lambda: engine.probed == 20)
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert engine.probed == 20

        engine.go_on.set()
        await until(pilot, lambda: "turn 1" in shown(pilot) and measured(chat(pilot).panel))
        assert "turn 0" in shown(pilot)
    assert rounds_of(corpus_file) == [(0, True), (2, True)]
    assert engine.probed == 2 * 124


@pytest.mark.slow
async def test_a_round_after_a_reply_that_was_had_anew_gives_way_to_that_after_the_new_one(corpus_file: Path) -> None:
    engine = HaltingEngine(reply("No."))
    async with screen(session(corpus_file, engine, measure=False, make_monitor=monitor), TALL) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f4")
        await until(pilot, lambda: engine.probed == 20)
        await pilot.press("f5")
        await until(pilot, lambda: "No." in shown(pilot) and not chat(pilot).replies.busy)

        engine.go_on.set()
        await until(pilot, lambda: engine.probed == 20 + 124 and measured(chat(pilot).panel))
    assert rounds_of(corpus_file) == [(None, False), (2, True)]


async def test_keys_step_through_the_probes_and_round_the_ends(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), measure=True, make_monitor=monitor), TALL) as pilot:
        await until(pilot, lambda: measured(chat(pilot).panel) and "Probe 1/62" in shown(pilot))
        first = scorecard(chat(pilot).panel).questions[0]

        await pilot.press("f2", "right")
        await until(pilot, lambda: "Probe 2/62" in shown(pilot))
        await pilot.press("left", "left")
        await until(pilot, lambda: "Probe 62/62" in shown(pilot))
        await pilot.press("n")
        await until(pilot, lambda: "Probe 1/62" in shown(pilot))
        for option in first.options:
            assert option in shown(pilot)


async def test_a_key_for_the_next_probe_does_nothing_before_there_is_a_probe() -> None:
    class OnlyPanel(App[None]):
        def compose(self) -> ComposeResult:
            yield AlignmentPanel()

    async with OnlyPanel().run_test() as pilot:
        pilot.app.query_one(AlignmentPanel).focus()
        await pilot.press("n", "p")
        assert pilot.app.is_running


@pytest.mark.slow
async def test_a_group_without_figures_is_named_as_such_and_still_has_distributions(corpus_file: Path) -> None:
    app = session(corpus_file, ScreenEngine(), persona="protestant", measure=True, make_monitor=monitor)
    async with screen(app, TALL) as pilot:
        await until(pilot, lambda: measured(chat(pilot).panel) and "Probe 1/62" in shown(pilot))

        assert "no human figures for this group" in shown(pilot)
        assert "Nearest groups" in shown(pilot)
        assert "everyone's answers" not in shown(pilot)


async def test_measuring_can_be_stopped_and_begun_by_a_key(corpus_file: Path) -> None:
    engine = ScreenEngine()
    async with screen(session(corpus_file, engine, measure=False, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: "not measuring" in shown(pilot))
        assert engine.probed == 0

        await pilot.press("f4")
        await until(pilot, lambda: measured(chat(pilot).panel))
        assert engine.probed == 124


@pytest.mark.parametrize(("key", "probes"), [("n", 0), ("y", 124)])
async def test_a_server_elsewhere_is_probed_only_after_a_yes(corpus_file: Path, key: str, probes: int) -> None:
    agreed: list[EngineInfo] = []
    engine = ScreenEngine(info=replace(ScreenEngine().info, local=False, name="https://models.example/v1#big"))
    app = session(
        corpus_file,
        engine,
        measure=True,
        make_monitor=monitor,
        probing_confirmed=lambda info: info in agreed,
        remember_probing=agreed.append,
    )
    async with screen(app) as pilot:
        await until(pilot, lambda: "F4 asks you first" in " ".join(shown(pilot).split()))
        assert engine.probed == 0

        await pilot.press("f4")
        await until(
            pilot,
            lambda: "124 requests at the start and after each reply" in " ".join(shown(pilot).replace("│", "").split()),
        )
        await pilot.press(key)
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        await until(pilot, lambda: engine.probed == probes)
    assert len(agreed) == (1 if key == "y" else 0)


async def test_a_measurement_that_fails_is_said_and_the_conversation_goes_on(corpus_file: Path) -> None:
    class Unmeasurable(ScreenEngine):
        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            from eval.engine import EngineError

            raise EngineError("the server gave no log-probabilities; use another one")
            yield

    async with screen(session(corpus_file, Unmeasurable(reply("Yes.")), measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: "not measured: the server gave no log-probabilities" in shown(pilot))
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot))
