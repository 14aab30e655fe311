"""The recipe can begin with the weights of a model file, and says so in the facts of its training."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

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

FACTS = {"steps": 7, "tokens": 900, "minutes": 2.0, "machine": "one", "text": {"documents": 3}}
AVERAGED = {**FACTS, "average": {"first four": 1.0}, "note": "Before."}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of work files."""
    folders = {"AVERAGE": "average", "TALKS": "talks", "BLEND": "blend"}
    names = {**folders, "FACTS": "facts.json", "FIRST_SIX": "compared/first_six.gguf"}
    for name, path in names.items():
        monkeypatch.setattr(make, name, tmp_path / "work" / path)
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_the_last_part_begins_with_the_weights_and_facts_of_a_model_file(
    tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped"
    tokenizer = train_tokenizer([Document((Turn("user", "We talked about guns and taxes."),))] * 20, vocabulary=380)
    torch.manual_seed(3)
    model = PocketModel(PocketShape(vocabulary=tokenizer.get_vocab_size(), width=64, layers=1, heads=2, hidden=96))
    shipped.mkdir()
    export_gguf(model, tokenizer, shipped / "pocket.gguf")
    (shipped / "pocket.json").write_text(json.dumps({"training": AVERAGED}))

    def trained(arguments: Namespace, lesson: str, tokens: int, rate: float, start: Path, folder: Path) -> None:
        again = load_model(start).state_dict()
        for name, weights in model.state_dict().items():
            kept = weights.half().float() if weights.dim() == 2 else weights
            assert torch.equal(again[name], kept)
        after = {name: weights + 1 for name, weights in again.items()}
        torch.save({"shape": model.shape.as_dict(), "model": after}, folder / "final.pt")
        (folder / "facts.json").write_text(json.dumps({**FACTS, "steps": 2, "machine": "other"}))

    monkeypatch.setattr(make, "_train_on", trained)
    make.begin_with(shipped)
    begun = [work / "average" / "facts.json", work / "compared" / "first_six.gguf"]
    before = [path.stat().st_mtime_ns for path in begun]
    make.begin_with(shipped)
    assert [path.stat().st_mtime_ns for path in begun] == before
    make.talks(Namespace())
    make.blend(Namespace())

    facts = json.loads((work / "facts.json").read_text())
    assert (facts["steps"], facts["tokens"], facts["machine"]) == (9, 1800, "one; then other")
    assert (facts["note"], facts["average"]) == ("Before.", {"first four": 1.0})
    assert facts["blend"] == {"first six": 0.3, "talks": 0.7}
    norm, blended = model.output_norm.weight, load_model(work / "blend" / "final.pt").output_norm.weight
    assert torch.allclose(blended, norm + 0.7)
    assert (work / "compared" / "first_six.gguf").read_bytes() == (shipped / "pocket.gguf").read_bytes()


@pytest.mark.parametrize("training", [FACTS, {**AVERAGED, "blend": {}}])
def test_only_the_model_of_the_six_parts_before_is_trained_on(
    tmp_path: Path, work: Path, training: dict[str, Any]
) -> None:
    (tmp_path / "pocket.json").write_text(json.dumps({"training": training}))
    with pytest.raises(SystemExit, match="begin with the model of the first six parts"):
        make.begin_with(tmp_path)
    assert [*work.iterdir()] == []


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
    assert run[1:] == ["text", "tokenizer", "shards", "talks", "blend", "export", "evaluate", "card"]
