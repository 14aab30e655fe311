"""What `kill -9` loses of a study: two people take part at once on one corpus, and both programs are killed.

Each program is killed at a random step, half of the time while the next answer is on its way. Then the corpus must be
sound, everything that was acknowledged by the next question must be there, nobody may have two places or share one, and
both people go on where they were, to the end.

    python -m benchmarks.study_kills --times 200
"""

import argparse
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.killed_program import LEFT_OVER, LostError, Program, command, expect, warm
from benchmarks.token_server import token_server
from chat_personas.corpus import Corpus
from chat_personas.studies.participation import (
    AFTER,
    BEFORE,
    CONVERSATION,
    DEBRIEFING,
    GUESSES_AFTER,
    GUESSES_BEFORE,
    INTAKE,
    Identity,
    Participation,
)
from chat_personas.studies.study import TEMPLATE, LoadedStudy, load_study

QUESTIONS = ("IMMCULT2_W32", "OPENIDEN_W92", "GOVTHC_W92", "GOVSIZE1_W92", "GOVT_ROLE_W32")
"""Questions with two options, so that one line answers each."""
CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Line:
    """What is typed in a stage, and what is shown once it is stored."""

    stage: str
    text: str
    shows: str


def _lines(stage: str, *pairs: tuple[str, str]) -> tuple[Line, ...]:
    return tuple(Line(stage, text, shows) for text, shows in pairs)


def _guesses(stage: str, then: str) -> tuple[Line, ...]:
    shown = [f"Question {number} of {len(QUESTIONS)}" for number in range(2, len(QUESTIONS) + 1)]
    return _lines(stage, *(("70 30", each) for each in (*shown, then)))


FIRST_GUESS = f"Question 1 of {len(QUESTIONS)}"
SCRIPT = (
    *_lines(CONSENT, ("yes", "Do you agree"), ("yes", "Which age band")),
    *_lines(
        INTAKE,
        ("1", "Are you male"),
        ("2", "highest level"),
        ("-", "In which region"),
        ("-", "Which party"),
        ("-", "describe your political"),
        ("-", "How often do you talk"),
        ("2", "How well do you know"),
        ("3", "Have you taken part in a study"),
        ("1", "this very study"),
        ("1", "I know what"),
    ),
    *_lines(
        BEFORE,
        ("5", "I understand why"),
        ("4", "I can see"),
        ("4", "how far do you agree"),
        ("2", "How warm or cold"),
        ("60", FIRST_GUESS),
    ),
    *_guesses(GUESSES_BEFORE, "You now talk with"),
    *_lines(CONVERSATION, ("What about guns?", "w5"), ("Why?", "w5"), ("/done", FIRST_GUESS)),
    *_guesses(GUESSES_AFTER, "I know what"),
    *_lines(
        AFTER,
        ("6", "I understand why"),
        ("6", "I can see"),
        ("5", "how far do you agree"),
        ("3", "How warm or cold"),
        ("70", "could have been written"),
        ("5", "typical of"),
        ("4", "How much did the opinions"),
        ("2", "what was it"),
        ("Nothing", "Please answer 2"),
        ("2", "Press Enter"),
    ),
    *_lines(DEBRIEFING, ("", "Your code: DONE")),
)


class Sitting:
    """One person in front of one program; `acknowledged` is the number of lines whose storing was shown."""

    def __init__(self, home: Path, study: Path, model: str, name: str, arguments: tuple[str, ...], start: int) -> None:
        self.name = name
        self.acknowledged = start
        self.on_its_way = False
        run = command(home, "study", "run", str(study), "--model", model, *arguments, TERM="dumb")
        self.program = Program(run)

    def type_until(self, line: int) -> None:
        """Answer line after line, each once the one before is stored, up to the line of this number."""
        while self.acknowledged < line:
            before = len(self.program.text)
            self.program.type(f"{SCRIPT[self.acknowledged].text}\n")
            self.program.wait_for(re.escape(SCRIPT[self.acknowledged].shows), after=before)
            self.acknowledged += 1

    def kill(self, chance: random.Random) -> None:
        """Kill the program, half of the time while the next line is on its way."""
        if self.acknowledged < len(SCRIPT) and chance.random() < 0.5:
            self.on_its_way = True
            self.program.type(f"{SCRIPT[self.acknowledged].text}\n")
        self.program.kill(chance.uniform(0.0, 0.05))


def next_line(corpus: Corpus, way: Participation) -> int:
    """Return the number of the line that a participation needs next, from what is stored."""
    if way.stage is None:
        return len(SCRIPT)
    first = next(number for number, line in enumerate(SCRIPT) if line.stage == way.stage)
    stored = [row.stage for row in corpus.studies.answers(way.id)]
    stored += [row.stage for row in corpus.studies.guesses(way.id)]
    talk = corpus.studies.conversation_of(way.id)
    leaf = corpus.conversation(talk).active_leaf_id if talk is not None and way.stage == CONVERSATION else None
    said = [message for message in corpus.branch(leaf) if message.role == "user"] if leaf is not None else []
    return first + stored.count(way.stage) + len(said)


def run_pair(home: Path, study: Path, model: str, number: int, chance: random.Random) -> None:
    """Let two people take part at once, kill both programs, check, and let both go on to the end."""
    loaded = load_study(study)
    names = [f"P{number}a", f"P{number}b"]
    sittings = [Sitting(home, study, model, name, ("--participant", name), 0) for name in names]
    for sitting in sittings:
        sitting.program.wait_for("18 or older")
    goals = [chance.randrange(2, len(SCRIPT)) for _ in sittings]
    for step in range(2, max(goals) + 1):
        for sitting, goal in zip(sittings, goals, strict=True):
            sitting.type_until(min(step, goal))
    for sitting in sittings:
        sitting.kill(chance)
    again = [_check(home, loaded, sitting) for sitting in sittings]
    for sitting, line in zip(sittings, again, strict=True):
        if line == len(SCRIPT):
            continue
        more = Sitting(home, study, model, sitting.name, ("--resume", "--participant", sitting.name), line)
        more.program.wait_for(
            re.escape(SCRIPT[line - 1].shows) if SCRIPT[line].stage != CONVERSATION else "You now talk"
        )
        more.type_until(len(SCRIPT))
        more.program.finish()
    check_pair(home, loaded, names)


def _check(home: Path, study: LoadedStudy, sitting: Sitting) -> int:
    """Check what was stored of a killed sitting, and return the line with which the person goes on."""
    with Corpus.open(home / "data" / "corpus.db") as corpus:
        expect(not corpus.problems(), f"the corpus is damaged: {corpus.problems()}")
        people = corpus.studies.identified("participant", sitting.name)
        expect(len(people) == 1, f"{sitting.name} is there {len(people)} times")
        (way,) = corpus.studies.participations_of(people[0].id)
        if way.status == "complete":
            expect(sitting.on_its_way and sitting.acknowledged == len(SCRIPT) - 1, "it ended too early")
            return len(SCRIPT)
        line = next_line(corpus, Participation.resume(corpus, study, identity=Identity(sitting.name)))
    most = sitting.acknowledged + sitting.on_its_way
    expect(sitting.acknowledged <= line <= most, f"line {sitting.acknowledged} was acknowledged, {line} is next")
    return line


def check_pair(home: Path, study: LoadedStudy, names: Sequence[str]) -> None:
    """Check that the people of this run came to the end, and that nobody of any run shares a place."""
    with Corpus.open(home / "data" / "corpus.db") as corpus:
        rows = corpus.studies.participations(study.row.sha256)
        people = {person.id for name in names for person in corpus.studies.identified("participant", name)}
    ended = [row.status for row in rows if row.participant_id in people]
    expect(ended == ["complete"] * len(names), "somebody did not come to the end")
    slots = Counter((row.site, row.stratum, row.block, row.place) for row in rows)
    expect(max(slots.values()) == 1, "two people have one place")
    left = [file.name for file in home.rglob("*") if LEFT_OVER.search(file.name)]
    expect(not left, f"left over: {', '.join(left)}")


def write_study(folder: Path) -> Path:
    """Write a study whose lines are those of the script."""
    ids = ", ".join(f'"{name}"' for name in QUESTIONS)
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("questions = 8 ", f"questions = [{ids}] ").replace("least_turns = 3", "least_turns = 2")
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def main() -> int:
    """Kill as often as asked for, and fail if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200, help="How many kills in all: two in each run.")
    parser.add_argument("--seed", type=int, default=9)
    arguments = parser.parse_args()
    chance, lost = random.Random(arguments.seed), []
    warm()
    with token_server(per_second=500, length=5) as server, tempfile.TemporaryDirectory() as folder:
        study = write_study(Path(folder))
        for number in range(1, arguments.times // 2 + 1):
            try:
                run_pair(Path(folder) / "home", study, server, number, chance)
            except (LostError, TimeoutError) as error:
                lost.append(f"run {number}: {error}")
                print(lost[-1], flush=True)
    kills = arguments.times // 2 * 2
    print(f"{kills} kills of two programs at once: in {len(lost)} runs something was lost")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
