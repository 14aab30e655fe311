"""Comparing in sentences: the same is said to every column, and what is heard names its column."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError, Selection
from chat_personas.paths import corpus_path
from eval.engine import Engine, EngineError, Message, Probe, ProbeScore
from tests.cli.running import Command, write_survey
from tests.cli.sittings import TOWN, Model, Serve, said
from tests.cli.still_output import Person, faults_of
from tests.corpus.export.participants import talked_with_a_real_persona
from tests.corpus.making import branch_of, texts
from tests.fakes import END, FakeEngine

YES = [["Yes.", END]] * 6


ASKED = "(the model was asked)"


class SlowToMeasure(Model):
    """Answers no probe of a conversation in which coffee was spoken of; it writes `ASKED` when it gets one."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        if any("Coffee" in message.content for message in prefix):
            os.write(1, ASKED.encode())
            await asyncio.Event().wait()
        async with aclosing(super().score(prefix, probes)) as scores:
            async for score in scores:
                yield score


def test_a_line_is_said_to_all_and_every_reply_follows_the_name_of_its_column(
    command: Command, served_by: Serve
) -> None:
    given = "/compare\nrepublican, SEX=Male\nTea?\nCoffee?\n/end\nWell?\n/quit\n"
    replies = [[f"Reply {number}.", END] for number in range(7)]
    lines = said(command, served_by, given, *replies)
    first = "Column 1: A Democrat, steered by portray."
    column = next(place for place, line in enumerate(lines) if line.endswith(first))
    assert lines[column + 1 : column + 4] == [
        "Column 2: A Republican, steered by portray.",
        "Column 3: Male, steered by portray.",
        "Every line is said to all of them. /open NUMBER goes on with one alone, /end leaves.",
    ]
    heard = [line for line in lines if re.match(r".*: Reply \d", line)]
    assert heard == [
        "A Democrat: Reply 0.",
        "A Republican: Reply 1.",
        "Male: Reply 2.",
        "A Democrat: Reply 3.",
        "A Republican: Reply 4.",
        "Male: Reply 5.",
        "A Democrat: Reply 6.",
    ]
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (republican,) = corpus.conversation_ids(Selection(persona="republican"))
        assert texts(branch_of(corpus, republican)) == ["Tea?", "Reply 1.", "Coffee?", "Reply 4."]
        group = corpus.comparison_of(republican)
        assert group is not None
        assert [corpus.conversation(key).persona_name for key in corpus.compared(group)] == [
            "democrat",
            "republican",
            "male",
        ]


def test_each_column_is_measured_with_its_own_people_and_its_own_interval(
    command: Command, served_by: Serve, tmp_path: Path
) -> None:
    served_by(Model())
    survey = write_survey(tmp_path / "town.json", TOWN)
    given = "/compare\nrepublican\nTea?\n/end\n/quit\n"
    ran = command("chat", "democrat", "--accessible", "--measure", "--survey", survey, given=given)
    measured = re.findall(r"(A \w+)\. Measured after turn 1: (alignment 0\.\d\d, from 0\.\d\d to 0\.\d\d)", ran.out)
    assert [name for name, _ in measured] == ["A Democrat", "A Republican"]
    assert measured[0][1] != measured[1][1]
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        for persona, words in zip(("democrat", "republican"), measured, strict=True):
            *_, column = (
                key for key in corpus.conversation_ids(Selection(persona=persona)) if corpus.comparison_of(key)
            )
            (row,) = corpus.measurements(column)
            assert words[1].startswith(f"alignment {row.alignment:.2f}")


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Model(), "Measuring is off. /measure on starts it."),
        (FakeEngine(*YES), "This model cannot be measured: it gives no log-probabilities."),
    ],
)
def test_where_nothing_is_measured_the_reason_is_said_once(
    command: Command, served_by: Serve, model: Engine, why: str
) -> None:
    served_by(model)
    ran = command("chat", "democrat", "--accessible", given="/compare\nrepublican\nTea?\nCoffee?\n/quit\n")
    assert ran.out.partition("Column 1")[2].splitlines().count(why) == 1
    assert ran.out.count("Reply complete.") == 4


def test_columns_are_chosen_by_number_and_words_narrow_the_list(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "/compare\nwoman rep\n1\n/end\n/compare\n3\n/end\n/compare\n\n/quit\n")
    assert "Choice 1: A Democrat, steered by bio" in "\n".join(lines)
    assert "Column 2: A Republican woman, steered by portray." in lines
    assert "Column 2: A Democrat (none)." in lines
    assert any(line.endswith("Nothing is compared.") for line in lines)


def test_a_persona_that_does_not_exist_is_named_with_the_nearest(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "/compare\nrepublicam\n/stop\n/compare\ndemocrat\n/quit\n")
    assert any('"republicam"' in line and "republican" in line for line in lines)
    assert "Democrat (portray) is in two columns; keep one." in lines


def test_a_text_after_the_command_is_said_to_all_as_on_the_screen(command: Command, served_by: Serve) -> None:
    given = "Tea?\n/compare Coffee?\nrepublican\n/end\n/compare Milk?\nyes\n/end\n/compare Water?\nno\nwoman\n/end\n"
    lines = said(command, served_by, given, *YES, *YES)
    assert any(
        "Go on with the comparison of A Democrat and A Republican? Write yes or no: yes" in each for each in lines
    )
    assert "Enter alone says to all what you said last: Tea?" not in lines
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        told = {name: corpus.conversation_ids(Selection(persona=name)) for name in ("republican", "woman")}
        texts_of = [texts(branch_of(corpus, key))[::2] for (key,) in told.values()]
    assert texts_of == [["Coffee?", "Milk?"], ["Water?"]]


def test_a_participants_words_are_not_said_to_others(command: Command, served_by: Serve, corpus: Corpus) -> None:
    key = talked_with_a_real_persona(corpus, ("I live in Elm Street", "Yes."))
    served_by(FakeEngine(*YES))
    ran = command("chat", "--accessible", "--resume", key, given="/compare\nrepublican\n\n/end\n/quit\n")
    assert ran.code == 0
    assert "Participant: I live in Elm Street" in ran.out
    assert "what you said last" not in ran.out
    assert corpus.conversation_ids(Selection()) == (key,)


def test_enter_alone_says_to_all_what_was_said_last(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "Tea?\n/compare\nrepublican\n\n\n/end\n/quit\n", *YES)
    assert "Enter alone says to all what you said last: Tea?" in lines
    assert lines.count("A Republican: Yes.") == 1
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (republican,) = corpus.conversation_ids(Selection(persona="republican"))
        assert [row.text for row in branch_of(corpus, republican) if row.role == "user"] == ["Tea?"]


def test_a_comparison_is_gone_on_with_from_outside_and_from_one_of_its_columns(
    command: Command, served_by: Serve
) -> None:
    given = (
        "/compare\nrepublican\nTea?\n/open 2\nWhy?\n/compare\nCoffee?\n/end\n/new\n/compare\nyes\nMilk?\n/end\n/quit\n"
    )
    said(command, served_by, given, *([f"Reply {number}.", END] for number in range(7)))
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (republican,) = corpus.conversation_ids(Selection(persona="republican"))
        told = [row.text for row in branch_of(corpus, republican) if row.role == "user"]
        assert told == ["Tea?", "Why?", "Coffee?", "Milk?"]
        (group,) = {
            corpus.comparison_of(key) for key in corpus.conversation_ids(Selection()) if corpus.comparison_of(key)
        }
        (democrat,) = set(corpus.compared(str(group))) - {republican}
        assert [row.text for row in branch_of(corpus, democrat) if row.role == "user"] == ["Tea?", "Coffee?", "Milk?"]


def test_a_model_that_fails_in_one_column_leaves_the_others_and_the_comparison(
    command: Command, served_by: Serve
) -> None:
    given = "/compare\nrepublican\nTea?\nCoffee?\n/end\n/quit\n"
    lines = said(command, served_by, given, ["Wel", EngineError("it broke")], *YES)
    assert "A Democrat. Reply failed: it broke. What was said so far is kept." in lines
    assert "A Republican. Reply complete." in lines
    assert any(line.startswith("Left the comparison.") for line in lines)


def test_commands_of_a_conversation_are_refused_in_a_comparison_and_quit_leaves(
    command: Command, served_by: Serve
) -> None:
    lines = said(command, served_by, "/compare\nrepublican\n/edit Tea\n/open 3\n/open 1\n//etc\n/quit\nlost\n", *YES)
    assert any("/edit is for a conversation. Every line is said to all" in line for line in lines)
    assert any("There are 2 columns. Write a number from 1 to 2." in line for line in lines)
    assert any("Nothing was said yet." in line for line in lines)
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        told = [texts(branch_of(corpus, key))[0] for key in corpus.conversation_ids(Selection())]
    assert told == ["/etc", "/etc"]


def test_a_wrong_name_for_a_column_is_said_and_asked_for_again(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "/compare\nnobody at all\n99\nrepublican\nTea?\n/end\n/quit\n", *YES)
    assert any("nobody at all" in line and line != "You: nobody at all" for line in lines)
    assert any("Write a number from 1 to" in line for line in lines)
    assert "Column 2: A Republican, steered by portray." in lines


def test_end_outside_has_nothing_to_leave(command: Command, served_by: Serve) -> None:
    assert said(command, served_by, "/end\n/quit\n")[1] == "There is nothing to leave. /quit leaves the program."


def test_commands_of_the_moderator_are_told_to_nobody_and_end_leaves(command: Command, served_by: Serve) -> None:
    given = "/debate Guns?\n\nrepublican\n1\n/edit x\nBe brief.\n/end\n/quit\n"
    lines = said(command, served_by, given, [EngineError("it broke")])
    assert any("/edit is for a conversation. Write something that both are told" in line for line in lines)
    assert "Left the debate. You are in your conversation again." in lines
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (republican,) = corpus.conversation_ids(Selection(persona="republican"))
        assert [row.text for row in branch_of(corpus, republican)] == ["Guns?", "Be brief."]


def fails_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have a method of the corpus that stores what is said fail the first time."""
    real, failures = getattr(Corpus, name), [CorpusError("the disk is full")]

    def method(*given: object, **named: object) -> object:
        if failures:
            raise failures.pop()
        return real(*given, **named)

    monkeypatch.setattr(Corpus, name, method)


@pytest.mark.parametrize("once_more", ["", "/again"])
def test_a_line_to_all_that_could_not_be_stored_is_said_once_more(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch, once_more: str
) -> None:
    fails_once(monkeypatch, "say_in_columns")
    lines = said(command, served_by, f"/compare\nrepublican\nA long message\n{once_more}\n/end\n/quit\n", *YES)
    assert "Your message was said to nobody. Enter alone or /again says it once more." in lines
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        told = [texts(branch_of(corpus, key)) for key in corpus.conversation_ids(Selection())]
    assert told == [["A long message", "Yes."]] * 2


def test_what_the_moderator_says_is_told_later_where_it_could_not_be_stored_and_the_debate_goes_on(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_once(monkeypatch, "tell")
    given = "/debate Guns?\n\nrepublican\n1\nMy long remark\n\n/quit\n"
    lines = said(command, served_by, given, [EngineError("it broke")], *YES)
    assert "The disk is full. Your words wait, and both are told them before the next turn." in " ".join(lines)
    assert "The debate has ended after 1 round." in lines
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (republican,) = corpus.conversation_ids(Selection(persona="republican"))
        assert "My long remark" in texts(branch_of(corpus, republican))


def test_what_waits_is_read_out_where_the_debate_is_left_before_it_was_told(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_once(monkeypatch, "tell")
    given = "/debate Guns?\n\nrepublican\n1\nMy long remark\n/end\n/quit\n"
    lines = said(command, served_by, given, [EngineError("it broke")])
    assert "This was told to nobody: My long remark" in lines
    assert "Left the debate. You are in your conversation again." in lines


def test_a_comparison_is_offered_to_go_on_with_only_where_something_was_said_in_it(
    command: Command, served_by: Serve
) -> None:
    lines = said(command, served_by, "/compare\nrepublican\n/end\n/compare\nwoman\nTea?\n/end\n/quit\n", *YES)
    left = [line for line in lines if "Left the comparison." in line]
    assert ["goes on with it" in line for line in left] == [False, True]


def test_a_reply_of_a_comparison_that_cannot_be_stored_is_told_and_stored_when_that_works(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = Corpus.end_reply, [CorpusError("the disk is full")] * 2

    def end_reply(*given: object, **named: object) -> None:
        if failures:
            raise failures.pop()
        real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Corpus, "end_reply", end_reply)
    lines = said(command, served_by, "/compare\nrepublican\nTea?\n/end\n/quit\n", *YES)
    assert any("only in memory. The disk is full. The program tries again by itself." in line for line in lines)
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (democrat,) = corpus.conversation_ids(Selection(persona="democrat"))
        assert texts(branch_of(corpus, democrat)) == ["Tea?", "Yes."]


def test_at_a_terminal_a_reply_is_stopped_and_a_line_goes_before_the_measuring(home: Path, tmp_path: Path) -> None:
    survey = write_survey(tmp_path / "town.json", TOWN)
    model = SlowToMeasure(["Slowly. ", asyncio.Event()])
    person = Person(home, model, "chat", "democrat", "--accessible", "--survey", survey, CHAT_PERSONAS_MEASURE="true")
    person.reads("Measured before the first message")
    person.reads("You: ")
    person.enters("/compare", "or words to find others: ")
    person.enters("republican", "Column 2: A Republican", "To all: ")
    person.enters("Tea?", "A Democrat: Slowly")
    person.enters("/stop", "A Democrat. Reply stopped. What was said so far is kept", "A Republican has not replied")
    person.reads("To all: ")
    person.enters("Coffee?", "A Republican. Reply complete", "A Republican. Reply complete", ASKED)
    person.enters("/end", "Measuring A Democrat was stopped", "A Republican was not measured, because your line goes")
    person.enters("/quit", "Left the comparison", "Left")
    assert person.code == 0
    assert faults_of(person.sent) == []
