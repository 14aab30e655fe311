"""What llama.cpp reads from an exported file is the model that torch trained: weights, tokens and template."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

import llama_cpp  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from pocket.document import Document, Turn  # noqa: E402
from pocket.export import ExportError, export_gguf, read_gguf  # noqa: E402
from pocket.model import PocketModel, PocketShape  # noqa: E402
from pocket.shards import encode_document  # noqa: E402
from pocket.tokenizer import encode_text, train_tokenizer  # noqa: E402

TEXT = "It's true: we've talked about guns, taxes and schools since 1999; haven't we? They'll say 42.\n\n  A. Yes"
DIALOGUE = Document((Turn("system", "Be brief."), Turn("user", "Hello, how are you?"), Turn("assistant", "Well.")))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer([Document((Turn("user", TEXT),))] * 20, vocabulary=420)


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> PocketModel:
    torch.manual_seed(7)
    shape = PocketShape(vocabulary=tokenizer.get_vocab_size(), width=64, layers=2, heads=2, hidden=96)
    model = PocketModel(shape).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


@pytest.fixture(scope="module")
def exported(model: PocketModel, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    export_gguf(model, tokenizer, path, "f32")
    return path


@pytest.fixture(scope="module")
def llama(exported: Path) -> llama_cpp.Llama:
    f32 = llama_cpp.GGML_TYPE_F32
    return llama_cpp.Llama(
        str(exported), n_ctx=256, n_threads=1, logits_all=True, type_k=f32, type_v=f32, flash_attn=False, verbose=False
    )


def test_logits_equal_those_of_torch(model: PocketModel, llama: llama_cpp.Llama) -> None:
    tokens = [0, *(5 + (7 * i) % 250 for i in range(100))]
    llama.reset()
    llama.eval(tokens)
    with torch.no_grad():
        expected = model(torch.tensor([tokens]))[0].numpy()
    np.testing.assert_allclose(llama.scores[: len(tokens)], expected, atol=1e-3)


def test_a_file_read_back_is_the_model_that_was_written(model: PocketModel, exported: Path) -> None:
    again = read_gguf(exported)
    assert again.shape == model.shape
    for name, weights in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weights)


LATIN = st.characters(max_codepoint=0x17F)
PUNCTUATED = st.sampled_from("aA .,'’“—\n\t1é-tslv")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=st.one_of(st.text(LATIN, max_size=60), st.text(PUNCTUATED, max_size=40), st.just("a <|end|> b")))
def test_llama_cpp_splits_text_as_the_vocabulary_was_trained(
    llama: llama_cpp.Llama, tokenizer: Tokenizer, text: str
) -> None:
    split = llama.tokenize(text.encode(), add_bos=False, special=False)
    assert split == encode_text(tokenizer, text)


def test_the_template_lays_a_dialogue_out_as_in_training(llama: llama_cpp.Llama, tokenizer: Tokenizer) -> None:
    formatter = llama_cpp.llama_chat_format.Jinja2ChatFormatter(
        template=llama.metadata["tokenizer.chat_template"], bos_token="<|begin|>", eos_token="<|end|>"
    )
    messages = [{"role": turn.role, "content": turn.text} for turn in DIALOGUE.turns]
    prompt = formatter(messages=messages[:2]).prompt
    assert prompt == "<|begin|><|system|>Be brief.<|end|><|user|>Hello, how are you?<|end|><|assistant|>"
    tokens = llama.tokenize(f"{prompt}Well.<|end|>".encode(), add_bos=False, special=True)
    assert tokens == encode_document(tokenizer, DIALOGUE).tokens


def test_an_empty_system_prompt_leaves_no_trace(llama: llama_cpp.Llama) -> None:
    formatter = llama_cpp.llama_chat_format.Jinja2ChatFormatter(
        template=llama.metadata["tokenizer.chat_template"], bos_token="<|begin|>", eos_token="<|end|>"
    )
    messages = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
    assert formatter(messages=messages).prompt == "<|begin|><|user|>Hi<|end|><|assistant|>"


def test_a_reply_ends_at_the_end_mark(llama: llama_cpp.Llama, tokenizer: Tokenizer) -> None:
    assert llama.token_eos() == tokenizer.token_to_id("<|end|>")
    assert llama.token_bos() == tokenizer.token_to_id("<|begin|>")
    assert llama_cpp.llama_vocab_is_eog(llama_cpp.llama_model_get_vocab(llama.model), llama.token_eos())


def test_every_answer_letter_is_one_token(llama: llama_cpp.Llama) -> None:
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        assert len(llama.tokenize(letter.encode(), add_bos=False)) == 1
        assert len(llama.tokenize(f" {letter}".encode(), add_bos=False)) == 1


def test_the_file_says_what_it_is(llama: llama_cpp.Llama) -> None:
    assert llama.metadata["general.name"] == "chat-personas pocket (demonstration)"
    assert llama.metadata["general.license"] == "MIT"
    assert llama.metadata["llama.context_length"] == "2048"


def test_a_vocabulary_of_another_size_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    other = PocketModel(PocketShape(vocabulary=300, width=32, layers=1, heads=1, hidden=32))
    with pytest.raises(ExportError, match="train the model with this tokenizer"):
        export_gguf(other, tokenizer, tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []
