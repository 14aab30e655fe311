"""The assignment of people to conditions: permuted blocks from a seed, whose places are given again after a drop-out.

A block has every condition equally often, in an order that the seed decides (Zelen 1974, "The randomization and
stratification of patients to clinical trials"). Every machine and every stratum has blocks of its own, so that corpora
can be merged later. Whoever comes takes the first free place: one that nobody had, or whose owner left before the end.
So each block ends with every condition equally often among those who stayed.
"""

import hashlib
import platform
import random
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from chat_personas.corpus.study_records import Taken
from chat_personas.corpus.study_rows import ParticipationRow, Slot
from chat_personas.studies.study import Assignment


def first_free_slot(
    assignment: Assignment, conditions: Sequence[str], study_sha256: str, *, site: str, stratum: str, now: datetime
) -> Callable[[Taken], Slot]:
    """Return what picks the slot for the next person from those that are taken; for `StudyRecords.assign`.

    A place is taken by whoever is through or went on within the last `hold_hours`; not by whoever left, was excluded or
    withdrew. Free places are given in the order of blocks, so that early blocks are completed first.
    """

    def choose(taken: Taken) -> Slot:
        held = {
            (row.block, row.place)
            for row in taken
            if (row.site, row.stratum) == (site, stratum) and _holds(row, assignment.hold_hours, now)
        }
        number = 0
        while True:
            order = block(assignment, conditions, study_sha256, site, stratum, number)
            for place, condition in enumerate(order):
                if (number, place) not in held:
                    return Slot(condition=condition, site=site, stratum=stratum, block=number, place=place)
            number += 1

    return choose


def block(
    assignment: Assignment, conditions: Sequence[str], study_sha256: str, site: str, stratum: str, number: int
) -> tuple[str, ...]:
    """Return the conditions of a block in their order: always the same for the same arguments."""
    key = "\n".join((str(assignment.seed), study_sha256, site, stratum, str(number)))
    rng = random.Random(hashlib.sha256(key.encode()).digest())
    order = [condition for condition in conditions for _ in range(assignment.repeats)]
    rng.shuffle(order)
    return tuple(order)


def site_of(corpus: Path) -> str:
    """Return a short name of this machine's corpus, which says nothing about either.

    A copy of the corpus, on this machine or another, is another site: two that go on from one copy share no block.
    """
    status = corpus.stat()
    machine = f"{platform.node()}\n{uuid.getnode()}\n{status.st_dev}\n{status.st_ino}"
    return hashlib.sha256(machine.encode()).hexdigest()[:12]


def _holds(row: ParticipationRow, hours: float, now: datetime) -> bool:
    return row.status == "complete" or (row.status == "running" and now - row.active_at <= timedelta(hours=hours))
