"""The recipe can begin with the weights of a model file, and says so in the facts of its training."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

from pocket import make  # noqa: E402
from pocket.document import Document, Turn  # noqa: E402
from pocket.export import export_gguf  # noqa: E402
from pocket.model import PocketModel, PocketShape  # noqa: E402
from pocket.tokenizer import train_tokenizer  # noqa: E402
from pocket.train import average_of, load_model, save_weights  # noqa: E402


def test_the_last_part_begins_with_the_weights_and_facts_of_a_model_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, shipped = tmp_path / "begun", tmp_path / "shipped"
    monkeypatch.setattr(make, "BEGUN", begun)
    monkeypatch.setattr(make, "FIRST_FOUR", tmp_path / "compared" / "first_four.gguf")
    tokenizer = train_tokenizer([Document((Turn("user", "We talked about guns and taxes."),))] * 20, vocabulary=380)
    torch.manual_seed(3)
    model = PocketModel(PocketShape(vocabulary=tokenizer.get_vocab_size(), width=64, layers=1, heads=2, hidden=96))
    shipped.mkdir()
    export_gguf(model, tokenizer, shipped / "pocket.gguf")
    (shipped / "pocket.json").write_text(json.dumps({"training": {"steps": 7, "tokens": 900, "note": "Before."}}))

    make.begin_with(shipped)

    again = load_model(begun / "final.pt")
    for name, weights in model.state_dict().items():
        kept = weights.half().float() if weights.dim() == 2 else weights
        assert torch.equal(again.state_dict()[name], kept)
    facts = json.loads((begun / "facts.json").read_text())
    assert (facts["steps"], facts["tokens"]) == (7, 900)
    assert facts["note"].startswith("Before. ")
    assert "from the F16 weights of the first four" in facts["note"]
    assert (tmp_path / "compared" / "first_four.gguf").read_bytes() == (shipped / "pocket.gguf").read_bytes()

    (begun / "final.pt").write_bytes(b"kept")
    make.begin_with(shipped)
    assert (begun / "final.pt").read_bytes() == b"kept"


def test_a_model_that_has_been_through_all_parts_is_not_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "BEGUN", tmp_path / "begun")
    (tmp_path / "pocket.json").write_text(json.dumps({"training": {"average": {"first four": 1.0}}}))
    with pytest.raises(SystemExit, match="has been through all parts; begin with that of the first four"):
        make.begin_with(tmp_path)
    assert not (tmp_path / "begun").exists()


def test_weights_are_averaged_by_their_shares(tmp_path: Path) -> None:
    shape = PocketShape(vocabulary=380, width=64, layers=1, heads=2, hidden=96)
    models = [PocketModel(shape) for _ in range(2)]
    paths = [tmp_path / "one.pt", tmp_path / "other.pt"]
    for model, path in zip(models, paths, strict=True):
        save_weights(model, path)
    one, other = (dict(model.named_parameters()) for model in models)
    for name, weights in average_of(dict(zip(paths, (0.25, 0.75), strict=True))).named_parameters():
        assert torch.allclose(weights, 0.25 * one[name] + 0.75 * other[name])
    assert not torch.equal(one["token_embd.weight"], other["token_embd.weight"])


def test_the_first_parts_are_left_out_when_it_begins_with_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[str] = []
    stages = {name: (lambda _, name=name: run.append(name), path) for name, (_, path) in make.STAGES.items()}
    monkeypatch.setattr(make, "STAGES", stages)
    monkeypatch.setattr(make, "begin_with", lambda folder: run.append(f"begin with {folder}"))
    make.main(["--again", "--begin-with", "there"])
    assert run[0] == "begin with there"
    assert run[1:] == ["text", "tokenizer", "shards", "claims", "wandering", "average", "export", "evaluate", "card"]
