"""ShareGPT's turns: the same words as in OpenAI's messages, under other names."""

from pathlib import Path

from chat_personas.corpus import Corpus
from tests.corpus.export.talks import SECRET_THOUGHT, forked, json_lines


def test_turns_have_the_roles_of_sharegpt_and_end_with_the_last_complete_reply(corpus: Corpus, tmp_path: Path) -> None:
    talk = forked(corpus)
    assert json_lines(corpus, "sharegpt", tmp_path / "out.jsonl") == [
        {
            "id": talk.conversation,
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "human", "value": "=Why?"},
                {"from": "gpt", "value": "Où est <b>Élise</b>?\nHere."},
                {"from": "human", "value": "Go on"},
                {"from": "gpt", "value": "So."},
            ],
        }
    ]
    assert SECRET_THOUGHT not in (tmp_path / "out.jsonl").read_text(encoding="utf-8")
