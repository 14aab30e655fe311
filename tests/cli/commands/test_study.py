"""`study`: from nothing to a table, line by line."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest

from chat_personas.cli import progress
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.corpus.study_records import StudyRecords
from chat_personas.corpus.study_rows import AnswerRow
from chat_personas.paths import corpus_path
from chat_personas.studies.outcome import StudyOutcome
from chat_personas.studies.participation import Participation
from chat_personas.studies.study import load_study
from eval.engine import Engine, EngineError, EngineInfo, Message, Piece, Probe, ProbeScore, Sampling
from eval.surveys.loading import load_survey
from tests.cli.running import Command, only_line
from tests.cli.still_output import Person, faults_of
from tests.corpus.making import branch_of
from tests.eval.fake_engine import FakeEngine, by_content
from tests.examples import slow_but_first
from tests.studies.making import COMPREHENSION, write_study

Serve = Callable[[Engine], None]
TWO_OPTIONS = ("IMMCULT2_W32", "OPENIDEN_W92", "GOVTHC_W92", "GOVSIZE1_W92", "GOVT_ROLE_W32")
CONSENT = ["yes", "yes"]
INTAKE = ["1", "-", "-", "-", "-", "-", "3", "6", "1", "1"]
BEFORE = ["5", "4", "4", "2", "60"]
GUESSES = ["70 30"] * len(TWO_OPTIONS)
TALK = ["What about guns?", "Why?", "/done"]
AFTER = ["6", "6", "5", "3", "70", "5", "4", "2", "Nothing", "2"]
READ = [""]
EVERYTHING = [*CONSENT, *INTAKE, *BEFORE, *GUESSES, *TALK, *GUESSES, *AFTER, *READ]


@pytest.fixture(autouse=True)
def served(served_by: Serve) -> None:
    served_by(FakeEngine(by_content(load_survey("civic").survey)))


@pytest.fixture
def study(tmp_path: Path) -> str:
    ids = ", ".join(f'"{name}"' for name in TWO_OPTIONS)
    return str(write_study(tmp_path, {"questions = 8 ": f"questions = [{ids}] ", "least_turns = 3": "least_turns = 2"}))


class Failing(FakeEngine):
    """Breaks off every reply."""

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        yield Piece("So far")
        raise EngineError("the server went away; start it again")


class Silent(FakeEngine):
    """Never answers a question of the survey."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        await asyncio.Event().wait()
        async for score in super().score(prefix, probes):
            yield score


def lines(*given: str) -> str:
    return "".join(f"{line}\n" for line in given)


def test_a_study_is_made_checked_and_not_written_over(command: Command, tmp_path: Path) -> None:
    file = str(tmp_path / "mine.toml")
    assert command("study", "new", file).code == 0
    checked = command("study", "check", file)
    assert checked.code == 2
    assert "(neighbours): can be rehearsed" in checked.out
    assert "condition democrat: talks with A Democrat, guesses the answers of Democrats" in checked.out
    assert "guesses: 8 questions of civic, before and after" in checked.out
    still = 'line 18: the words "NAME, ADDRESS" of the template still stand in consent.text; say who asks'
    assert still in only_line(checked)
    again = command("study", "new", file)
    assert again.code == 2
    assert "exists already" in only_line(again)


@pytest.mark.parametrize(
    ("to", "still"),
    [
        ("Write to NAME, ADDRESS, with", "NAME, ADDRESS"),
        ("Write to Ada, ADDRESS, with", "ADDRESS, with any question"),
        ("Write to NAME (ada@example.org), with", "Write to NAME"),
        ("Write to NAME,\nADDRESS, with", "NAME, ADDRESS"),
    ],
)
def test_nobody_takes_part_in_a_study_that_does_not_say_who_asks(
    command: Command, tmp_path: Path, to: str, still: str
) -> None:
    study = str(write_study(tmp_path, {"Write to Ada Lovelace, ada@example.org, with": to}))
    ran = command("study", "run", study, given=lines(*EVERYTHING))
    assert (ran.code, ran.out) == (2, "")
    assert f'the words "{still}" of the template still stand in consent.text' in only_line(ran)
    tried = command("study", "run", study, "--test", given=lines("no"))
    assert (tried.code, tried.err) == (0, "")
    assert "Write to" in tried.out


def test_a_condition_whose_people_are_not_those_of_its_persona_is_pointed_out(command: Command, tmp_path: Path) -> None:
    crossed = {'people = "Republicans"': 'people = "Democrats"\ngroups = ["POLPARTY=Democrat"]'}
    checked = command("study", "check", str(write_study(tmp_path, crossed)))
    assert checked.code == 0
    assert "condition republican: talks with A Republican, guesses the answers of Democrats" in checked.out
    people, persona = "answers of POLPARTY=Democrat are guessed", "the persona speaks for POLPARTY=Republican"
    assert f"! condition republican: {people}, {persona}" in checked.out
    assert checked.out.count("! condition") == 1


def test_an_instrument_is_printed_to_be_changed(command: Command, tmp_path: Path) -> None:
    printed = command("study", "instruments", "warmth")
    (tmp_path / "warmth.toml").write_text(printed.out)
    both = {'"agreement", "warmth"]': '"agreement", "warmth.toml"]', '"warmth", "realism"': '"warmth.toml", "realism"'}
    study = write_study(tmp_path, both)
    assert command("study", "check", str(study)).code == 0
    assert "did you mean" in only_line(command("study", "instruments", "warmht"))


def test_a_person_goes_through_the_whole_study(command: Command, study: str) -> None:
    ran = command("study", "run", study, "--participant", "P07", given=lines(*EVERYTHING))
    assert (ran.code, ran.err) == (0, "")
    assert "Your code: DONE" in ran.out
    people = re.findall(r"Of 100 (Democrats|Republicans), how many", ran.out)[0]
    said = " ".join(ran.out.split())
    assert f"Here is how {people} really answered" in said
    assert "Your partner in the conversation was a computer program" in ran.out
    figures = rf"{people} \d+ percent, partner \d+ percent, your first guess 70 percent, your last guess 70 percent"
    assert re.search(figures, said)
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (person,) = corpus.studies.identified("participant", "P07")
        (way,) = corpus.studies.participations_of(person.id)
        assert (way.status, person.adult, person.test) == ("complete", True, False)
        answers = {(row.stage, row.item): row for row in corpus.studies.answers(way.id)}
        assert answers["intake", "age"].code == "18-29"
        assert answers["intake", "sex"].declined
        assert (answers["before", "warmth"].value, answers["after", "warmth"].value) == (60.0, 70.0)
        assert answers["after", "what"].said == "Nothing"
        assert len(corpus.studies.guesses(way.id)) == 10
        talk = corpus.studies.conversation_of(way.id)
        assert talk is not None
        leaf = corpus.conversation(talk).active_leaf_id
        assert leaf is not None
        said = [message.text for message in corpus.branch(leaf) if message.role == "user"]
        assert said == ["What about guns?", "Why?"]
        assert corpus.measurements(talk)[-1].complete


@pytest.mark.slow
def test_without_a_screen_a_terminal_is_sent_lines_of_text_and_nothing_else(study: str, home: Path) -> None:
    class Hostile(FakeEngine):
        """Replies with what moves the cursor, erases and draws."""

        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            yield Piece("\x1b[2J\x1b[Aover\rwritten ┌─┐ █. ")
            yield Piece("That is all.", finish_reason="stop")

    model = Hostile(by_content(load_survey("civic").survey))
    person = Person(home, model, "study", "run", study, CHAT_PERSONAS_ACCESSIBLE="true")
    for line in EVERYTHING[:-1]:
        person.reads("Your answer: |You: ")
        person.type(f"{line}\n")
        if line in TALK[:-1]:
            person.reads(r"Your partner: .*That is all\.|A (Democrat|Republican): .*That is all\.")
    person.reads("Press Enter: I have read this")
    person.type("\n")
    person.reads("Your code: DONE")
    assert person.code == 0
    assert faults_of(person.sent) == []


@slow_but_first("stop", range(2, len(EVERYTHING), 3), quick=2)
def test_whoever_stops_anywhere_goes_on_there_and_is_asked_nothing_twice(
    command: Command, study: str, stop: int
) -> None:
    ran = command("study", "run", study, "--participant", "P07", given=lines(*EVERYTHING[:stop]))
    assert ran.code == 0
    found = re.search(r"to go on: chat-personas study run study.toml --resume --participation (\w+)", ran.err)
    assert found is not None
    rest = command("study", "run", study, "--resume", "--participation", found[1], given=lines(*EVERYTHING[stop:]))
    assert (rest.code, rest.err) == (0, "")
    assert "Your code: DONE" in rest.out


def test_nothing_is_stored_of_whoever_does_not_agree(command: Command, study: str) -> None:
    for given, said in ((["no"], "18 or older"), (["yes", "no"], "You do not take part, and nothing was stored")):
        ran = command("study", "run", study, given=lines(*given))
        assert ran.code == 0
        assert said in ran.out
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.studies.studies() == ()


def test_an_answer_that_cannot_be_is_asked_again_and_says_how(command: Command, study: str) -> None:
    ran = command("study", "run", study, given=lines(*CONSENT, "9", "x", "1"))
    assert ran.out.count("Write a number from 1 to 4.") == 2
    ran = command("study", "run", study, given=lines(*CONSENT, *INTAKE, "8", "5", "4", "4", "2", "60", "70 20", "1"))
    assert "Write a number from 1 to 7." in ran.out
    assert "The numbers sum to 90; give 10 more, so that they sum to 100." in ran.out
    assert "Write 2 numbers, one for each answer; you wrote 1." in ran.out


def test_the_talk_cannot_end_before_the_least_turns_and_ends_by_itself_after_the_most(
    command: Command, tmp_path: Path
) -> None:
    ids = ", ".join(f'"{name}"' for name in TWO_OPTIONS)
    study = write_study(
        tmp_path,
        {
            "questions = 8 ": f"questions = [{ids}] ",
            "least_turns = 3": "least_turns = 2",
            "most_turns = 12": "most_turns = 2",
        },
    )
    talk = ["What about guns?", "/done", "Why?"]
    ran = command("study", "run", str(study), given=lines(*CONSENT, *INTAKE, *BEFORE, *GUESSES, *talk, *GUESSES))
    assert "You have written 1 so far. Write at least 2 and at most 2 messages." in ran.out
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (study_row,) = corpus.studies.studies()
        (way,) = corpus.studies.participations(study_row.sha256)
        assert len(corpus.studies.guesses(way.id)) == 10


def test_whoever_leaves_is_asked_once_more(command: Command, study: str) -> None:
    ran = command("study", "run", study, given=lines(*CONSENT, "/leave", "no", "1", "/leave", "yes"))
    assert ran.code == 0
    assert "You have left the study" in ran.out
    status = command("study", "status", study)
    assert re.search(r"1 participation not assigned yet", status.out)


def test_a_persons_name_can_stand_in_the_environment(
    command: Command, study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_RECRUITER_ID", "5f3a")
    command("study", "run", study, given=lines(*CONSENT))
    again = command("study", "run", study, given=lines(*CONSENT))
    assert again.code == 2
    assert '"5f3a" is in this study already; go on with: --resume --participation' in only_line(again)


def test_a_table_says_who_counts_and_a_trial_is_never_counted(command: Command, study: str) -> None:
    command("study", "run", study, "--test", given=lines(*EVERYTHING))
    command("study", "run", study, given=lines(*EVERYTHING))
    command("study", "run", study, given=lines(*EVERYTHING[:8]))
    ran = command("study", "table", study, "--json", "-")
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["schema"] == "chat-personas/study-table@1"
    assert StudyOutcome.model_validate_json(ran.out).to_json() == ran.out.rstrip("\n")
    assert document["study"] == {"name": "neighbours", "sha256": load_study(Path(study)).row.sha256, "tests": False}
    counts = [condition["counts"] for condition in document["conditions"]]
    assert sum(count["complete"] for count in counts) == 1
    assert sum(count["others"] for count in counts) == 1
    assert document["unassigned"] == 1
    assert "fewer than 10 participants guessed before and after" in " ".join(ran.err.split())


def test_a_rehearsal_plays_people_through_everything(command: Command, study: str) -> None:
    ran = command("study", "rehearse", study, "--n", "4", "--leave", "0.5", "--seed", "3")
    assert ran.code == 0
    assert "4 participants played:" in ran.err
    table = command("study", "table", study, "--tests")
    assert "A rehearsal: simulated participants say nothing about people." in table.out
    assert command("study", "table", study).out.count("0 complete") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "no.toml"], "there is no file"),
        (["table", "no.toml"], "there is no file"),
        (["run", "{study}", "--participation", "01AB"], "add --resume"),
        (["run", "{study}", "--resume"], "there is no participation to go on with"),
        (["run", "{study}", "--resume", "--participation", "01ABCDEF"], 'there is no participation "01ABCDEF"'),
    ],
)
def test_what_cannot_be_is_one_line(command: Command, study: str, arguments: list[str], message: str) -> None:
    ran = command("study", *(each.format(study=study) for each in arguments))
    assert ran.code == 2
    assert message in only_line(ran)


def test_a_model_that_fails_in_the_talk_loses_nothing_and_says_how_to_go_on(
    command: Command, study: str, served_by: Serve
) -> None:
    answers = by_content(load_survey("civic").survey)
    served_by(Failing(answers))
    before = [*CONSENT, *INTAKE, *BEFORE, *GUESSES]
    ran = command("study", "run", study, "--participant", "P07", given=lines(*before, *TALK))
    assert ran.code == 3
    assert "the server went away" in ran.err
    found = re.search(r"to go on: chat-personas study run study.toml --resume --participation (\w+)", ran.err)
    assert found is not None
    served_by(FakeEngine(answers))
    rest = [*TALK[1:], *GUESSES, *AFTER, *READ]
    again = command("study", "run", study, "--resume", "--participation", found[1], given=lines(*rest))
    assert (again.code, again.err) == (0, "")
    assert "You: What about guns?" in again.out, "what was said is shown again"
    assert "Your code: DONE" in again.out


def test_a_reply_that_broke_off_is_marked_and_another_one_can_be_had(
    command: Command, study: str, served_by: Serve
) -> None:
    answers = by_content(load_survey("civic").survey)
    served_by(Failing(answers))
    command("study", "run", study, given=lines(*CONSENT, *INTAKE, *BEFORE, *GUESSES, *TALK))
    served_by(FakeEngine(answers))
    rest = ["/again", "/again", *TALK[1:], *GUESSES, *AFTER, *READ]
    again = command("study", "run", study, "--resume", given=lines(*rest))
    assert (again.code, again.err) == (0, "")
    assert "So far (failed)\nThis reply broke off. /again: ask for another one.\n" in again.out
    with Corpus.open(corpus_path()) as corpus:
        (talk,) = corpus.conversations()
        said = [(row.role, row.text) for row in branch_of(corpus, talk.id)]
    assert [text for role, text in said if role == "user"] == ["What about guns?", "/again", "Why?"]
    assert "So far" not in [text for _, text in said]


def test_a_wrong_answer_to_a_comprehension_item_is_told_and_asked_once_more(command: Command, tmp_path: Path) -> None:
    (tmp_path / "check.toml").write_text(COMPREHENSION, encoding="utf-8")
    study = write_study(tmp_path, {'intake = ["demographics", "familiarity", "exposure"]': 'intake = ["check.toml"]'})
    ran = command("study", "run", str(study), given=lines(*CONSENT, "1", "2"))
    assert ran.out.count("That is not right. Please read again, and answer once more.") == 1
    assert "I know what" in ran.out, "the next questionnaire"
    with Corpus.open(corpus_path()) as corpus:
        (way,) = corpus.studies.participations(load_study(study).row.sha256)
        (answer,) = corpus.studies.answers(way.id)
    assert answer.code == "theirs"


@pytest.mark.slow
def test_a_server_elsewhere_is_measured_only_once_somebody_agreed(
    command: Command, study: str, served_by: Serve
) -> None:
    answers = by_content(load_survey("civic").survey)
    info = EngineInfo("https://models.example.org/v1#m", "openai", log_probabilities="exact", local=False)
    served_by(FakeEngine(answers, info=info))
    ran = command("study", "run", study, "--participant", "P1", given=lines(*EVERYTHING))
    assert ran.code == 0
    assert "the persona was not measured: nobody has agreed to probe https://models.example.org/v1" in ran.err
    checked = command("study", "check", study, "--model", info.name)
    assert "not measured (124 requests for each participant): agree with --yes" in checked.out
    checked = command("study", "check", study, "--model", info.name, "--yes")
    assert "measured with 124 requests for each participant" in checked.out
    ran = command("study", "run", study, "--participant", "P2", given=lines(*EVERYTHING))
    assert (ran.code, ran.err) == (0, "")
    assert "0 measured soundly" in command("study", "table", study).out
    assert "1 measured soundly" in command("study", "table", study).out


@pytest.mark.slow
def test_whoever_waits_for_the_measurement_is_told_how_far_it_is(
    command: Command, study: str, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = by_content(load_survey("civic").survey)
    served_by(Silent(answers))
    command("study", "run", study, given=lines(*CONSENT, *INTAKE, *BEFORE, *GUESSES, *TALK))
    served_by(FakeEngine(answers))
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    ran = command("study", "run", study, "--resume", given=lines(*GUESSES, *AFTER, *READ))
    assert ran.code == 0
    told = re.findall(r"^measuring the persona's answers: (\d+) of 62", ran.err, re.MULTILINE)
    assert told[-1] == "62"
    assert sorted(map(int, told)) == list(map(int, told))


def test_a_participation_that_is_open_elsewhere_is_said_to_be(command: Command, study: str) -> None:
    ran = command("study", "run", study, given=lines(*CONSENT))
    key = ran.err.split()[-1]
    with Corpus.open(corpus_path()) as corpus, Participation.resume(corpus, load_study(Path(study)), key).hold():
        again = command("study", "run", study, "--resume", given=lines("1"))
    assert again.code == 2
    assert "is open in another program" in only_line(again)
    assert "to go on:" not in again.err


@pytest.mark.slow
def test_a_disk_that_is_full_ends_with_one_sentence_and_what_was_stored_before_stays(
    command: Command, study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, stored = StudyRecords.answer, []

    def until_full(records: StudyRecords, answers: Sequence[AnswerRow]) -> None:
        if len(stored) == 3:
            raise CorpusError("the corpus cannot be written: the disk is full; make room")
        answer(records, answers)
        stored.append(answers)

    with monkeypatch.context() as full:
        full.setattr(StudyRecords, "answer", until_full)
        ran = command("study", "run", study, given=lines(*EVERYTHING))
    assert ran.code == 4
    assert "the disk is full; make room" in ran.err
    assert "what was answered is stored; to go on:" in ran.err
    rest = command("study", "run", study, "--resume", given=lines(*EVERYTHING[5:]))
    assert (rest.code, rest.err) == (0, "")
