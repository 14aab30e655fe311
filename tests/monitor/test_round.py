"""What one round has found is scored by one thread at a time."""

import threading
from collections.abc import Sequence
from typing import Any

from chat_personas.monitor.history import RoundPlace
from chat_personas.monitor.round import ProbeRound
from eval.answers import Answer
from tests.eval.towns import answer, question

QUESTIONS = tuple(question(name, {}, overall=(1, 1)) for name in ("BUS", "TRAM"))


def test_a_scorecard_is_never_replaced_by_one_of_fewer_answers() -> None:
    """A task that waits for a scoring is cancelled, the scoring goes on in its thread, and the next one begins."""
    found = ProbeRound(RoundPlace(None, None, ()), QUESTIONS, ())
    second_begins = threading.Event()
    scored: list[int] = []

    class Watched:
        """The round's lock, with a look at who waits for it."""

        lock = found._scoring

        def __enter__(self) -> None:
            if threading.current_thread() is second:
                second_begins.set()
            self.lock.acquire()

        def __exit__(self, *_: object) -> None:
            self.lock.release()

    def score(answers: Sequence[Answer]) -> Any:
        if threading.current_thread() is first:
            found.take(answer("TRAM", [0.5, 0.5]))
            second.start()
            assert second_begins.wait(10)
        scored.append(len(answers))
        return f"a scorecard of {len(answers)}"

    found._scoring = Watched()  # type: ignore[assignment]
    first, second = (threading.Thread(target=found.score, args=(score,)) for _ in range(2))
    found.take(answer("BUS", [0.5, 0.5]))
    first.start()
    first.join()
    second.join()
    assert scored == [1, 2]
    assert found.scorecard == "a scorecard of 2"  # type: ignore[comparison-overlap]


def test_nothing_is_scored_again_without_a_new_answer() -> None:
    found = ProbeRound(RoundPlace(None, None, ()), QUESTIONS, ())
    scored: list[int] = []

    def score(answers: Sequence[Answer]) -> Any:
        scored.append(len(answers))

    found.score(score)
    found.take(answer("BUS", [0.5, 0.5]))
    found.score(score)
    found.score(score)
    assert scored == [1]
