"""People come to conditions by chance and in balance, also after drop-outs, on two machines, and by stratum."""

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.corpus import Corpus
from chat_personas.corpus.study_rows import ParticipationRow, Slot
from chat_personas.studies.assignment import block, first_free_slot, site_of
from chat_personas.studies.study import Assignment
from tests.corpus.test_study_records import STUDY, begin
from tests.examples import share

NAMES = ("democrat", "republican", "control")
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def taken(slot: Slot, status: str, active_at: datetime = NOW) -> ParticipationRow:
    return ParticipationRow.model_validate(
        {
            "participant_id": "P",
            "study_sha256": STUDY.sha256,
            "status": status,
            "active_at": active_at,
            "program_version": "0",
            **slot.model_dump(),
        }
    )


def next_slot(rows: list[ParticipationRow], site: str = "here", stratum: str = "", seed: int = 1) -> Slot:
    choose = first_free_slot(Assignment(seed=seed), NAMES, STUDY.sha256, site=site, stratum=stratum, now=NOW)
    return choose(tuple(rows))


@given(st.integers(0, 2**31), st.lists(st.sampled_from(("complete", "left", "running", "excluded")), max_size=60))
def test_no_block_is_ever_off_balance_by_more_than_one(seed: int, ends: list[str]) -> None:
    rows: list[ParticipationRow] = []
    for status in ends:
        rows.append(taken(next_slot(rows, seed=seed), status))
    counted = defaultdict(Counter)  # type: ignore[var-annotated]
    for row in rows:
        if row.status in ("complete", "running"):
            counted[row.block][row.condition] += 1
    for in_block in counted.values():
        counts = [in_block[name] for name in NAMES]
        assert max(counts) - min(counts) <= 1
        assert max(counts) == 1, "nobody stands in the place of somebody who is in it"


def test_whoever_comes_takes_the_place_of_somebody_who_left() -> None:
    first = taken(next_slot([]), "left")
    assert next_slot([first]) == Slot(**{key: getattr(first, key) for key in Slot.model_fields})


def test_a_place_is_kept_for_two_hours_for_somebody_who_does_not_go_on() -> None:
    slot = next_slot([])
    waiting = taken(slot, "running", NOW - timedelta(hours=1.9))
    gone = taken(slot, "running", NOW - timedelta(hours=2.1))
    assert next_slot([waiting]) != slot
    assert next_slot([gone]) == slot


def test_another_machine_and_another_stratum_have_blocks_of_their_own() -> None:
    there = [taken(next_slot([], site="there"), "complete"), taken(next_slot([], stratum="Democrat"), "complete")]
    assert next_slot(there) == next_slot([])


@settings(max_examples=share(20))
@given(st.integers(0, 2**31))
def test_a_block_has_every_condition_as_often_as_asked(seed: int) -> None:
    order = block(Assignment(seed=seed, repeats=2), NAMES, STUDY.sha256, "here", "", 3)
    assert Counter(order) == dict.fromkeys(NAMES, 2)


def test_every_condition_comes_first_equally_often_over_the_blocks() -> None:
    first = Counter(block(Assignment(), NAMES, STUDY.sha256, "here", "", number)[0] for number in range(3000))
    for name in NAMES:
        assert abs(first[name] - 1000) < 4 * (3000 * 1 / 3 * 2 / 3) ** 0.5


@pytest.mark.slow
def test_five_hundred_people_with_a_third_leaving_are_balanced_over_two_merged_corpora(tmp_path: Path) -> None:
    """The blocks of both machines, those that are still open included, are within 1."""
    rng = random.Random(7)
    files = []
    for machine in ("one", "other"):
        (tmp_path / machine).mkdir()
        files.append(tmp_path / machine / "corpus.db")
        with Corpus.open(files[-1]) as corpus:
            site = site_of(corpus.path)
            for _ in range(250):
                way = begin(corpus.studies)
                choose = first_free_slot(
                    Assignment(), NAMES, STUDY.sha256, site=site, stratum="", now=datetime.now(UTC)
                )
                corpus.studies.assign(way.id, choose)
                corpus.studies.end(way.id, "left" if rng.random() < 0.3 else "complete")
    with Corpus.open(files[0]) as corpus:
        assert corpus.merge(files[1]).conflicts == ()
        rows = corpus.studies.participations(STUDY.sha256)
    assert len(rows) == 500
    blocks = defaultdict(Counter)  # type: ignore[var-annotated]
    for row in rows:
        if row.status == "complete":
            blocks[row.site, row.block][row.condition] += 1
    assert len({site for site, _ in blocks}) == 2
    for in_block in blocks.values():
        assert max(in_block.values()) - min(in_block[name] for name in NAMES) <= 1
    overall = Counter(row.condition for row in rows if row.status == "complete")
    assert max(overall.values()) - min(overall.values()) <= 2, "one open block on each machine"


def test_a_copy_of_a_corpus_is_another_site(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"x")
    (tmp_path / "b.db").write_bytes(b"x")
    assert site_of(tmp_path / "a.db") != site_of(tmp_path / "b.db")
    assert site_of(tmp_path / "a.db") == site_of(tmp_path / "a.db")
