"""The panel while the person types: figures come less often, the last ones at once."""

from textual.app import App, ComposeResult

from chat_personas.monitor.monitor import Estimate
from chat_personas.tui.widgets.panel.panel import AlignmentPanel


class TypingForever(App[None]):
    def compose(self) -> ComposeResult:
        yield AlignmentPanel(give_way=lambda: True)


def estimate(done: int, *, complete: bool = False) -> Estimate:
    return Estimate(None, done, 10, complete)


async def test_the_last_estimate_of_a_round_is_shown_at_once_also_while_the_person_types() -> None:
    async with TypingForever().run_test() as pilot:
        panel, shown = pilot.app.query_one(AlignmentPanel), list[int]()
        panel._show = lambda: shown.append(panel.estimate.done)  # type: ignore[method-assign, union-attr]
        panel.offer(estimate(1))
        panel.offer(estimate(2))
        panel.offer(estimate(10, complete=True))
        assert shown == [1, 10]
