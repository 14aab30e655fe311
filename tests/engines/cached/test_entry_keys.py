"""An answer is served only for exactly what was asked, of exactly the model that was asked."""

from dataclasses import fields, replace

import pytest

from chat_personas.engines.cached.entries import model_key, reply_keys, score_keys
from eval.engine import EngineInfo, Message, Probe, Sampling

FILE = EngineInfo(name="qwen", engine="llama", sha256="ab" * 32, log_probabilities="exact")
SERVER = EngineInfo(name="http://127.0.0.1:8080/v1#qwen", engine="openai", log_probabilities="top_k", top_k=20)
OTHER = {
    "engine": "other",
    "sha256": "cd" * 32,
    "quantization": "Q4_K_M",
    "context_length": 4096,
    "template_sha256": "ef" * 32,
    "template_date": "2026-11-21",
    "flash_attention": True,
    "log_probabilities": "none",
    "top_k": 5,
    "interventions": ("add party, layers 3, strength 1.0",),
    "constraints": "grammar",
    "local": False,
    "demonstration": True,
    "details": {"batch": "512"},
}
SYSTEM = (Message("system", "Be brief."),)
PROBE = Probe("BUS/survey", "Buses?\nA. yes\nB. no", ("A", "B"))


@pytest.mark.parametrize("field", OTHER)
def test_a_model_that_differs_in_anything_it_says_about_itself_is_another(field: str) -> None:
    assert model_key(replace(FILE, **{field: OTHER[field]})) != model_key(FILE)  # type: ignore[arg-type]


def test_everything_that_an_engine_can_say_about_itself_is_looked_at() -> None:
    assert {field.name for field in fields(EngineInfo)} == {
        "name",
        "requests_at_once",
        "scores_texts",
        "prompt_format",
        "template",
        "recurrent",
        "intervention_kinds",
        *OTHER,
    }


def test_a_server_that_may_be_asked_more_at_once_gives_the_same_answers() -> None:
    assert model_key(replace(SERVER, requests_at_once=32)) == model_key(SERVER)


def test_a_model_that_is_found_to_score_whole_texts_gives_the_same_answers_to_letters() -> None:
    assert model_key(replace(FILE, scores_texts=True)) == model_key(FILE)


def test_a_template_is_known_by_its_hash_and_not_by_its_name() -> None:
    assert model_key(replace(FILE, template="own.jinja")) == model_key(FILE)


def test_what_was_remembered_of_a_model_before_anyone_said_that_it_is_recurrent_still_counts() -> None:
    assert model_key(replace(FILE, recurrent=True)) == model_key(FILE)


def test_what_was_remembered_before_a_server_was_found_to_take_vectors_still_counts() -> None:
    found = replace(SERVER, intervention_kinds=("add",), details={**SERVER.details, "vectors": "EasySteer"})
    assert model_key(found) == model_key(SERVER)
    assert model_key(replace(FILE, intervention_kinds=("add", "clamp", "ablate"))) == model_key(FILE)


def test_a_model_file_is_known_by_its_content_and_a_server_by_its_name() -> None:
    assert model_key(replace(FILE, name="renamed")) == model_key(FILE)
    assert model_key(replace(SERVER, name="http://127.0.0.1:8080/v1#llama")) != model_key(SERVER)


def test_a_probe_is_known_by_what_comes_before_it_its_words_and_its_labels_not_by_its_name() -> None:
    def key(prefix: tuple[Message, ...] = SYSTEM, probe: Probe = PROBE, model: str = "m") -> str:
        return score_keys(model, prefix, [probe])[0]

    assert key(probe=replace(PROBE, key="TRAM/survey")) == key()
    others = [
        key(prefix=()),
        key(prefix=(Message("user", "Be brief."),)),
        key(prefix=(*SYSTEM, Message("user", ""))),
        key(probe=replace(PROBE, prompt="Trams?\nA. yes\nB. no")),
        key(probe=replace(PROBE, labels=("A", "B", "C"))),
        key(probe=replace(PROBE, texts=True)),
        key(model="n"),
    ]
    assert len({key(), *others}) == 8


def test_a_reply_is_known_by_how_it_is_drawn_and_its_own_seed() -> None:
    sampling = Sampling(seed=5)
    first, second, third = reply_keys("m", SYSTEM, sampling, [5, 6, 7])
    assert len({first, second, third}) == 3
    assert reply_keys("m", SYSTEM, Sampling(seed=6), [6, 7]) == [second, third]
    others = [
        reply_keys("m", SYSTEM, drawn, [5])[0]
        for drawn in (replace(sampling, temperature=0.1), replace(sampling, top_p=1.0), replace(sampling, max_tokens=1))
    ]
    assert len({first, *others, *reply_keys("m", (), sampling, [5]), *reply_keys("n", SYSTEM, sampling, [5])}) == 6


def test_what_is_asked_as_a_probe_and_as_a_reply_is_never_the_same() -> None:
    messages = (*SYSTEM, Message("user", PROBE.prompt))
    assert set(score_keys("m", SYSTEM, [PROBE])).isdisjoint(reply_keys("m", messages, Sampling(), [0]))
