"""What each command of the mode for screen readers says and does, and what it says where it cannot."""

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from chat_personas.cli.launch import Launch
from chat_personas.corpus import Corpus, Words
from chat_personas.models import pocket_path
from chat_personas.models.found import Found
from chat_personas.paths import corpus_path
from eval.engine import EngineError, Message, Piece, Sampling, TooLongError
from personas import load_persona, system_prompt
from tests.cli.running import Command, kept_messages, only_line, write_survey
from tests.cli.sittings import TOWN, Model, Serve, said
from tests.cli.still_output import Person
from tests.corpus.export.participants import talked_with_a_real_persona
from tests.corpus.making import BASE, compare, talk, texts
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.examples import slow_but_first
from tests.fakes import END
from tests.fakes import FakeEngine as ScriptedEngine


class WithoutCorpus(ScriptedEngine):
    """Somebody moves the corpus away while the model speaks."""

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        async with aclosing(super().stream(messages, sampling)) as pieces:
            async for piece in pieces:
                yield piece
                if corpus_path().exists():
                    corpus_path().rename(corpus_path().with_name("moved.db"))


def test_a_reply_is_headed_by_its_speaker_and_followed_by_how_it_ended(command: Command, served_by: Serve) -> None:
    *lines, how_to_go_on = said(command, served_by, "Hello\n", ["Good ", "day", END])
    assert lines == ["Hello", "A Democrat: Good day", "Reply complete.", "You: ", "Left. What was said is kept."]
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (name,) = corpus.short_names().values()
    assert how_to_go_on == f"Go on with: chat-personas chat --resume {name} --accessible"


def test_a_model_that_fails_is_a_sentence_and_the_conversation_goes_on(command: Command, served_by: Serve) -> None:
    broken = ["It is ", EngineError("the server went away; start it again")]
    lines = said(command, served_by, "Hello\n/again\n", broken, ["Good day", END])
    assert "Reply failed: the server went away; start it again. What was said so far is kept." in " ".join(lines)
    assert texts(kept_messages()) == ["Hello", "Good day"]


def test_a_message_that_could_not_be_sent_is_sent_by_again(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "Hello\n/again\n", [TooLongError("it has 9000 tokens; shorten it")], ["Yes", END])
    assert "It has 9000 tokens; shorten it. Your message was not sent. /again sends it once more." in lines
    assert texts(kept_messages()) == ["Hello", "Yes"]


def test_a_reply_that_cannot_be_stored_is_said_and_left_in_a_file_that_the_error_names(
    command: Command, served_by: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    served_by(WithoutCorpus(["Good ", "day", END]))
    ran = command("chat", "democrat", "--accessible", given="Hello\n/export saved.jsonl\n")
    assert ran.code == 4
    assert "A Democrat: Good day" in ran.out
    assert "The conversation is in memory only until the corpus is back." in ran.out
    (copy,) = tmp_path.glob("chat-personas-*.jsonl")
    assert only_line(ran).endswith(f"; the conversation is in {copy}\n")
    for file in (copy, tmp_path / "saved.jsonl"):
        said = json.loads(file.read_text())["messages"]
        assert [message["content"] for message in said[-2:]] == ["Hello", "Good day"]


@slow_but_first(
    ("line", "answer"),
    [
        ("/persona democart", "democrat"),
        ("/persona SEX=Femail", 'did you mean "SEX=Female"'),
        ("/go-on democart", "democrat"),
        ("/save-persona democrat", "is a persona of the library"),
        ("/open 7", "There are no entries in the last list."),
        ("/open 01ZZZZ", "There is no conversation"),
        ("/again", "Nothing was said yet."),
        ("/versions", "Nothing was said yet."),
        ("/edit Well", "You have not said anything yet."),
        ("/copy", "There is no reply yet."),
        ("/thought", "There is no reply yet."),
        ("/rate 5 realism", "There is no reply yet."),
        ("/panel", "Nothing was measured. /measure on starts it."),
        ("/question 1", "Nothing was measured. /measure on starts it."),
        ("/measure", "This model cannot be measured"),
        ("/measure maybe", "Write /measure on, /measure off"),
        ("/export", "Nothing was said yet."),
        ("/delete", "Nothing was said yet."),
        ("/stop", "There is nothing to stop."),
        ("/search zebra", "No message has these words."),
        ("/personas zebra", "No persona has these words. /personas lists all."),
        ("/models zebra", "No model has these words."),
        ("/list", "There is no conversation yet."),
        ("/steer up", "/steer takes a strength"),
        ("/model nosuch.gguf", "nosuch.gguf"),
        ("/help nosuch", 'There is no command "/nosuch"'),
        ("/rate", "There is no reply yet."),
        ("/open", "There is no conversation yet."),
        ("/theme nord", "/theme is for the screen: nothing has colours here, and /settings theme NAME chooses those"),
        ("/fork", "Nothing was said yet."),
        ("/jump", "You have not said anything yet."),
        ("/find guns", "Nothing was said yet."),
        ("/find", "Write /find WORDS."),
        ("/copy both", "Write /copy or /copy all."),
        ("/sampling hot", "Write names and numbers, such as temperature=0.5 seed=7, or default."),
        ("/sampling temperature=3", 'Temperature must be a number from 0 to 2, not "3".'),
        ("/sampling heat=1", '"heat" cannot be chosen'),
        ("/new now", "Nothing follows /new"),
    ],
    quick=12,
)
def test_what_cannot_be_done_is_one_sentence_and_ends_nothing(
    command: Command, served_by: Serve, line: str, answer: str
) -> None:
    lines = said(command, served_by, f"{line}\n/quit\n")
    assert (lines[0], lines[-2:]) == (line, ["You: /quit", "Left."])
    assert answer in " ".join(lines[1:-2])


def test_two_slashes_make_a_message_and_a_backslash_goes_on(command: Command, served_by: Serve) -> None:
    said(command, served_by, "//etc is a\\\nfolder\n", ["Yes", END])
    assert texts(kept_messages()) == ["/etc is a\nfolder", "Yes"]


def test_paste_keeps_empty_lines_and_takes_commands_as_text(command: Command, served_by: Serve) -> None:
    said(command, served_by, "/paste\none\n\n/quit\n/end\n/paste\ntwo\n/cancel\n", ["Yes", END])
    assert texts(kept_messages()) == ["one\n\n/quit", "Yes"]


def test_an_edit_and_another_reply_keep_what_was_there_and_versions_lead_back(
    command: Command, served_by: Serve
) -> None:
    given = "Hello\n/again\n/edit\nGood day\n/versions\n/versions 2\n"
    lines = said(command, served_by, given, ["One", END], ["Two", END], ["Three", END])
    assert "Version 1 of 2, your message: Hello" in lines
    assert "Version 2 of 2, your message, current: Good day" in lines
    assert texts(kept_messages()) == ["Good day", "Three"]


def test_the_list_says_which_conversations_are_of_a_comparison(
    command: Command, served_by: Serve, corpus: Corpus
) -> None:
    compare(corpus, "COMPARED", *(talk(corpus, ("Guns?", "Fewer.")) for _ in range(2)))
    lines = said(command, served_by, "/list\n")
    listed = [line for line in lines if line.startswith("Conversation ") and "With democrat" in line]
    assert ["2 messages, one of 2 compared, last active" in line for line in listed] == [True, True]


def test_the_list_says_that_a_model_is_a_base_model(command: Command, served_by: Serve, corpus: Corpus) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    lines = said(command, served_by, "/list\n")
    assert any("With democrat on small.gguf (a base model: it continues text), 2 messages" in line for line in lines)


def test_the_list_says_how_many_there_are_and_goes_on_with_the_others(
    command: Command, served_by: Serve, corpus: Corpus
) -> None:
    _, *others = [talk(corpus, (f"Guns number {number}?", "Fewer.")) for number in range(22)]
    given = "/list\n/list 23\n/search guns\n/open 21\n/list 21\n/delete 22\nyes\n"
    lines = said(command, served_by, given)
    told = [index for index, line in enumerate(lines) if ", the latest first." in line]
    first, second = (lines[index].partition("You: ")[2] or lines[index] for index in told)
    assert first == "Conversations 1 to 20 of 22, the latest first. /list 21 goes on. /open NUMBER opens one."
    assert second == "Conversations 21 to 22 of 22, the latest first. /open NUMBER opens one."
    assert lines[told[1] + 1].startswith("Conversation 21: A conversation. With democrat")
    assert set(corpus.conversation_ids()) == set(others), "the numbers go on, too"
    assert "There are 22 conversations. Write a number from 1 to 22." in lines
    found = "More than 20 messages found; these are the first, and more words find fewer. "
    assert any(line.startswith(found) for line in lines)
    assert "There are 20 entries in the last list. Write a number from 1 to 20." in lines


def test_an_earlier_message_is_listed_edited_and_forked_from_by_its_number(command: Command, served_by: Serve) -> None:
    given = "Hello\nGuns?\n/jump\n/jump gun\n/fork 1\n/list\n/open 2\n/edit #9 No\n/edit #1 Good day\n/copy all\n"
    lines = said(command, served_by, given, ["One", END], ["Two on guns", END], ["Three", END])
    first = lines.index("2 messages of yours. /edit #NUMBER and /fork NUMBER take one.")
    assert lines[first + 1 : first + 3] == ["Message 1: Hello", "Message 2: Guns?"]
    assert lines.count("Message 2: Guns?") == 2, "words leave the others out"
    assert "Conversation: Hello (fork). With: A Democrat. 2 messages; these are the last." in lines
    assert "There are 2 messages of yours. Write a number from 1 to 2." in lines
    assert lines[-5:-3] == ["You: Good day", "A Democrat: Three"]
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        kept, fork = corpus.conversations()
        assert corpus.conversation(fork.id).forked_from == kept.id
        assert (fork.messages, kept.messages) == (2, 6)


def test_versions_of_an_earlier_message_are_listed_and_gone_to(command: Command, served_by: Serve) -> None:
    given = "Hello\n/again\nGuns?\n/versions\n/versions #1\n/versions #1 1\n"
    lines = said(command, served_by, given, ["One", END], ["Two", END], ["Three", END])
    assert "This turn has one version only. /again and /edit make others." in lines
    assert "Version 2 of 2, reply, current: Two" in lines
    assert texts(kept_messages()) == ["Hello", "One"]


def test_versions_of_a_message_without_a_reply_are_not_mixed_with_those_of_the_turn_before(
    command: Command, served_by: Serve
) -> None:
    said(command, served_by, "Hello\n/again\n", ["One", END], ["Two", END])
    with Corpus.open(corpus_path()) as corpus:
        (row,) = corpus.conversations()
        leaf = corpus.conversation(row.id).active_leaf_id
        assert leaf is not None
        corpus.tell([(row.id, leaf, Words("Guns?"))])
    served_by(ScriptedEngine())
    ran = command("chat", "--accessible", "--resume", row.id, given="/versions\n/versions #2\n/versions #1\n")
    _, last, second, first = ran.out.split("You: /versions")
    assert "This turn has one version only." in last
    assert "This turn has one version only." in second
    assert "Version 1 of 2, reply: One" in first


def test_words_are_found_in_the_conversation_with_the_turn_in_which_they_were_said(
    command: Command, served_by: Serve
) -> None:
    given = "Guns?\nAnd schools?\n/find GUNS\n/find guns schools\n"
    lines = said(command, served_by, given, ["Fewer.", END], ["Schools without guns.", END])
    found = lines.index("2 messages found.")
    assert lines[found + 1 : found + 3] == ["Turn 1, You said: Guns?", "Turn 2, A Democrat said: Schools without guns."]
    assert lines[lines.index("1 message found.") + 1] == "Turn 2, A Democrat said: Schools without guns."


def test_words_of_participants_are_not_read_as_the_owners(command: Command, served_by: Serve, corpus: Corpus) -> None:
    key = talked_with_a_real_persona(corpus, ("Guns in Elm Street?", "Fewer."))
    served_by(ScriptedEngine(["Yes.", END]))
    given = f"/search elm\n/open {key}\n/find elm\n/copy all\n/fork\nGuns elsewhere?\n/find guns\n/search guns else\n"
    ran = command("chat", "democrat", "--accessible", given=given)
    assert "In A conversation, a participant said: Guns in Elm Street?" in ran.out
    assert ran.out.count("Turn 1, Participant said: Guns in Elm Street?") == 2
    assert "Participant: Guns in Elm Street?\nA Democrat: Fewer." in ran.out
    assert "Turn 2, You said: Guns elsewhere?" in ran.out
    assert "you said: Guns elsewhere?" in ran.out
    assert "You: Guns in Elm" not in ran.out
    shown = command("corpus", "show", key).out
    assert re.search(r"^Participant\b", shown, re.MULTILINE)


def test_the_sampling_of_a_conversation_is_read_and_changed(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "/sampling seed=7 top_p=0.5\nHello\n/sampling\n/sampling default\n", ["One", END])
    assert "From the next reply: temperature 0.7, top_p 0.5, max_tokens 400, seed 7." in lines
    assert "Replies are drawn: temperature 0.7, top_p 0.5, max_tokens 400, seed 7." in lines
    assert "From the next reply: temperature 0.7, top_p 0.95, max_tokens 400, seed drawn for each reply." in lines
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        made = corpus.generation(kept_messages()[1].id)
    assert made is not None
    assert (made.top_p, made.seed) == (0.5, 7)


def test_lines_that_wait_are_listed_and_left_out_one_by_one(home: Path) -> None:
    person = Person(home, Model(["First. ", asyncio.Event()]), "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.enters("/queue", "No line waits.", "You: ")
    person.enters("/queue drop 1", "There are no lines that wait.", "You: ")
    person.enters("One", "First")
    person.enters("by mistake", "Your line waits")
    person.enters("Two", "Your line waits")
    person.enters("/queue", "2 lines waiting. /queue drop NUMBER leaves one out.", "Line 1: by mistake", "Line 2: Two")
    person.enters("/queue drop 1", "Left out: by mistake")
    person.enters("/queue", "1 line waiting", "Line 1: Two")
    person.enters("/stop", "Not sent: 1 line that waited", "Reply stopped", "You: ")
    person.enters("/quit", "Left")
    assert texts(kept_messages()) == ["One", "First. "]


def test_a_conversation_can_be_opened_by_its_number_renamed_and_deleted(command: Command, served_by: Serve) -> None:
    given = "Hello\n/rename Old\n/new\nBye\n/open\n/open 2\n/delete\nno\n/delete\nyes\n/list\n"
    lines = said(command, served_by, given, ["One", END], ["Two", END])
    assert next(line for line in lines if line.startswith("Conversation ")).startswith("Conversation 1, this one: Bye.")
    assert "Conversation: Old. With: A Democrat. 2 messages; these are the last." in lines
    assert "Delete “Old” with all its messages and measurements?" in "\n".join(lines)
    assert "Nothing was deleted." in lines
    assert "Deleted." in lines
    assert texts(kept_messages()) == ["Bye", "Two"]


def test_ratings_and_exports_are_those_of_the_commands(command: Command, served_by: Serve, tmp_path: Path) -> None:
    given = (
        "Hello\n/rate\n4\n/rate 5 realism 1-7\n/rate 6\n/rate 33 quality\n/rate 3 quality\n"
        "/export a.jsonl\n/export a.jsonl\nno\n/export a.jsonl\nyes\n"
        "/export\n/export formats\n/export spss\n/export markdwon\n/export nosuch.xyz\n/export csv tables\n"
    )
    lines = said(command, served_by, given, ["One", END])
    assert '"Hello"' in (tmp_path / "a.jsonl").read_text()
    assert lines.count("Nothing was written.") == 1
    assert "markdown: for reading one conversation in an editor or a wiki." in lines
    assert "trl-preference: not now: it needs two replies to a message, rated differently." in lines
    assert "Not in the format spss: it is for studies; csv is for conversations." in lines
    assert any('There is no format "markdwon"; did you mean "markdown"' in line for line in lines)
    assert any('No format is known by the ending ".xyz"; there is ".md"' in line for line in lines)
    assert not (tmp_path / "nosuch.xyz").exists()
    assert "One" in (tmp_path / "tables" / "messages.csv").read_text("utf-8-sig")
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        released = [(row.format, row.file) for row in corpus.releases.all()]
    short = kept_messages()[0].conversation_id[-6:].lower()
    assert released == [
        ("openai", "a.jsonl"), ("openai", "a.jsonl"), ("openai", f"{short}-hello.jsonl"), ("csv", "tables")
    ]  # fmt: skip
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        rated = corpus.ratings(kept_messages()[0].conversation_id)
    assert [(row.scale, row.value) for row in rated] == [
        ("quality 1-5", 4.0), ("realism 1-7", 5.0), ("realism 1-7", 6.0), ("quality 1-5", 3.0)
    ]  # fmt: skip


@pytest.mark.slow
def test_a_conversation_goes_on_with_another_model_and_each_reply_records_its_own(
    command: Command, brief: str, tiny: str, tmp_path: Path
) -> None:
    other = shutil.copy(tiny, tmp_path / "other.gguf")
    given = f"Hello\n/model {tiny}\n/model nosuch.gguf\n/model {other}\nWhy?\n/model\n/model {other}\n/model other\n"
    ran = command("chat", brief, "--accessible", "--model", tiny, given=given)
    assert ran.code == 0
    assert ran.out.count("The next reply comes from it.") == 1
    assert [line for line in ran.out.splitlines() if line.endswith("already.")] == [
        "tiny is open already.",
        "other is open already.",
        "other is open already.",
    ]
    assert "You: /model\nModel: other" in ran.out
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        made = [corpus.generation(row.id) for row in kept_messages()]
    assert [row.model for row in made if row is not None] == ["tiny", "other"]


def test_a_prompt_of_ones_own_words_is_written_and_measured_as_another_persona(
    command: Command, served_by: Serve
) -> None:
    given = "/prompt-text\nHello\n/prompt-text Talk like a cook.\nWhy?\n/prompt-text\n"
    lines = said(command, served_by, given, ["One", END], ["Two", END])
    before = system_prompt(load_persona("democrat").persona)
    assert f"The steering prompt of A Democrat: {before}" in lines
    assert "From here on you talk with: A Democrat (own prompt). What was said before stays." in lines
    assert "A Democrat (own prompt): Two" in lines
    assert "The steering prompt of A Democrat (own prompt): Talk like a cook." in lines
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        made = [corpus.generation(row.id) for row in kept_messages()]
    assert [row.system_prompt for row in made if row is not None] == [before, "Talk like a cook."]


def test_a_conversation_goes_on_with_another_persona_and_each_reply_records_its_own(
    command: Command, served_by: Serve
) -> None:
    given = "Hello\n/go-on POLPARTY=Republican SEX=Male\nWhy?\n/prompt\n"
    lines = said(command, served_by, given, ["One", END], ["Two", END])
    assert "From here on you talk with: Republican and Male. What was said before stays." in lines
    assert "A Democrat: One" in lines
    assert "Republican and Male: Two" in lines
    assert any(line.startswith("system prompt: Play the part of a man") for line in lines)
    assert "message 4 of 4, assistant: Two" in lines
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        made = [corpus.generation(row.id) for row in kept_messages()]
    assert [row.persona_name for row in made if row is not None] == ["democrat", "republican-male"]


def test_a_persona_is_saved_and_replaced_after_a_yes_only(command: Command, served_by: Serve) -> None:
    given = "/persona POLPARTY=Democrat SEX=Female\n/save-persona ruth\n/persona SEX=Male\n/save-persona ruth\nno\n"
    lines = said(command, served_by, f"{given}/persona ruth\n")
    assert any(line.startswith("Saved as ruth: ") for line in lines)
    assert "Nothing was saved." in lines
    assert lines.count("A new conversation with: Democrat and Female.") == 2


def test_what_the_model_thought_is_said_in_short_and_read_on_request(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "Hello\n/thought\n", [Piece("", thought="Say hello."), "Hello.", END])
    assert lines[1] == "The model is thinking."
    assert re.fullmatch(r"Thought for \d+ s, 2 words\.", lines[2])
    assert lines[3] == "A Democrat: Hello."
    assert "Thought: Say hello." in lines


def test_words_that_turn_out_to_have_been_a_thought_are_said_to_be_one(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "Hello\n/thought\n", ["Say hello.", Piece("Hello.", recalls=True), END])
    at = lines.index("(What was said so far was a thought. The reply follows.)")
    assert "A Democrat: Say hello." in lines[:at]
    assert "Hello." in lines[at:]
    assert any(re.fullmatch(r"Thought for \d+ s, 2 words\.", line) for line in lines)
    assert "Thought: Say hello." in lines


def test_resume_reads_the_last_messages(command: Command, served_by: Serve) -> None:
    said(command, served_by, "Hello\n", ["Good day", END])
    served_by(ScriptedEngine(["Because", END]))
    ran = command("chat", "--accessible", "--resume", kept_messages()[0].conversation_id, given="Why?\n")
    assert "You: Hello\nA Democrat: Good day\nYou: Why?\nA Democrat: Because\n" in ran.out
    assert texts(kept_messages()) == ["Hello", "Good day", "Why?", "Because"]


@pytest.mark.parametrize(
    ("name", "is_that_file", "said_of_it"),
    [
        ("pocket", True, "pocket made the last reply. /model pocket goes on with it. The next one comes from other."),
        (
            "pocket",
            False,
            "pocket made the last reply. /model FILE goes on with it, as --model FILE does at the start: write the "
            "path of its file, pocket.gguf, because the one of this name that is here is another file. The next one "
            "comes from other.",
        ),
        (
            "gone",
            False,
            "gone made the last reply. /model FILE goes on with it, as --model FILE does at the start: write the path "
            "of its file, gone.gguf, which is not where models are looked for. The next one comes from other.",
        ),
    ],
)
def test_a_conversation_of_another_model_says_how_it_goes_on_with_that_one(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch, name: str, is_that_file: bool, said_of_it: str
) -> None:
    monkeypatch.setattr(Launch, "find_models", lambda _: Found(files=(), servers=(), problems=()))
    info = Model().info
    made_by = sha256(pocket_path().read_bytes()).hexdigest() if is_that_file else "a1" * 32
    served_by(Model(info=replace(info, name=name, sha256=made_by)))
    assert command("chat", "democrat", "--accessible", given="Hello\n").code == 0
    served_by(Model(info=replace(info, name="other", sha256="b2" * 32)))
    resumed = kept_messages()[0].conversation_id
    ran = command("chat", "--accessible", "--resume", resumed, given="Why?\n")
    assert said_of_it in " ".join(ran.out.split())
    ran = command("chat", "--accessible", "--resume", resumed, given="/quit\n")
    assert "made the last reply" not in ran.out


def test_a_conversation_that_goes_on_in_another_form_says_so(command: Command, served_by: Serve) -> None:
    info = Model().info
    served_by(Model(info=replace(info, prompt_format="plain")))
    assert command("chat", "democrat", "--accessible", given="Hello\n").code == 0
    served_by(Model(info=replace(info, prompt_format="template")))
    resumed = kept_messages()[0].conversation_id
    ran = command("chat", "--accessible", "--resume", resumed, given="Why?\n")
    assert f"From here on asked through a chat template: {info.name}." in ran.out
    ran = command("chat", "--accessible", "--resume", resumed, given="/quit\n")
    assert "From here on" not in ran.out


def test_a_line_that_is_not_text_is_refused_and_the_next_one_is_sent(command: Command, served_by: Serve) -> None:
    served_by(ScriptedEngine(["Yes", END]))
    ran = command("chat", "democrat", "--accessible", given=b"caf\xe9\nHello\n")
    assert ran.code == 0
    assert "Nothing was sent: the line is not UTF-8" in ran.out
    assert texts(kept_messages()) == ["Hello", "Yes"]


def test_settings_are_read_and_changed_in_sentences(command: Command, served_by: Serve, home: Path) -> None:
    lines = said(
        command,
        served_by,
        "/settings threads\n/settings threads 0\n/settings threads 3\n/settings theme nrod\n/settings zebra\n"
        "/settings persona democart\n/quit\n",
    )
    heard = [line.removeprefix("You: ") for line in lines]
    said_about = [
        line
        for line in heard
        if ("threads" in line.lower() or "zebra" in line or "heme:" in line or "democart" in line) and line[0] != "/"
    ]
    assert said_about == [
        "threads: not set, from the default. CPU threads; default: the physical cores.",
        "Threads is not valid; write 1 or more.",
        "threads is written to the settings. It counts from the next start.",
        'Theme: there is no theme "nrod"; did you mean "nord"?',
        "No setting has zebra in its name. /settings lists all.",
        'There is no persona "democart" in the library; did you mean "democrat"? (a persona file of your own ends in '
        ".toml).",
    ]
    assert (home / "config" / "settings.toml").read_text() == "threads = 3\n"


def test_a_server_on_another_machine_is_measured_after_a_yes_only(
    command: Command, served_by: Serve, tmp_path: Path
) -> None:
    info = replace(AnsweringEngine().info, name="https://far.example/v1#big", local=False)
    model = Model(info=info)
    served_by(model)
    survey = write_survey(tmp_path / "town.json", TOWN)
    arguments = ("chat", "democrat", "--accessible", "--measure", "--survey", survey)
    ran = command(*arguments, given="/measure on\nno\n")
    assert "Not measuring: the server is on another machine. /measure on asks you first." in ran.out
    assert "in up to 40 requests" in ran.out
    assert model.prefixes == []
    ran = command(*arguments, given="/measure on\nyes\n")
    assert "Measured before the first message: alignment" in ran.out


def test_what_is_measured_is_kept_as_on_the_screen(command: Command, served_by: Serve, tmp_path: Path) -> None:
    served_by(Model())
    survey = write_survey(tmp_path / "town.json", TOWN)
    ran = command("chat", "democrat", "--accessible", "--measure", "--survey", survey, given="Hello\n/panel\n")
    assert re.search(
        r"Measured after turn 1: alignment 0\.\d\d, from 0\.\d\d to 0\.\d\d; everyone's answers 0\.\d\d", ran.out
    )
    assert "Measurement after turn 1. Compared with Democrat. Measured with 20 questions." in ran.out
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        reply = kept_messages()[-1]
        rows = corpus.measurements(reply.conversation_id)
    assert [(row.message_id, row.complete) for row in rows] == [(None, True), (reply.id, True)]


def test_keys_of_the_screen_are_read_and_changed_in_sentences(command: Command, served_by: Serve, home: Path) -> None:
    asked = ("keys.new", "keys.new ^o", "keys.new a", "keys.new control-x", "keys.new ^f8", "keys.new")
    lines = said(command, served_by, "".join(f"/settings {each}\n" for each in asked) + "/quit\n")
    heard = [line.removeprefix("You: ") for line in lines]
    assert [line for line in heard if line.startswith(("keys.new:", "^", "A is", "There is", "keys.new is"))] == [
        "keys.new: ^n, from the default. Begin a new conversation",
        "^o is on open already (List, search or delete conversations).",
        "A is needed for writing.",
        'There is no such key; did you mean "^x"?',
        "keys.new is written to the settings. It counts from the next start.",
        "keys.new: ^f8, from the file. Begin a new conversation",
    ]
    assert (home / "config" / "settings.toml").read_text() == '[keys]\nnew = "ctrl+f8"\n'
