"""Fine-tuning and changed copies, by the real command line, on a few dozen images."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from defect_workbench.storage.model.model_file import load_model
from tests.conftest import GOLDEN
from tests.processes import Command, table

KINDS = ("clean", "pit", "residue", "scratch")


def right(rows: list[dict[str, str]]) -> int:
    return sum(row["label"] == row["path"].split("/")[0] for row in rows if row["known"] == "true")


@pytest.mark.slow
def test_a_fine_tuned_classifier_sorts_by_its_own_network(
    trained_with: Callable[[str], Path], tmp_path: Path, with_weights: Path, command: Command
) -> None:
    trained = trained_with("--fine-tune")
    model = trained / "kinds.dwm"
    result = json.loads((trained / "result.json").read_text(encoding="utf-8"))
    assert result["overall"]["accuracy"] >= 0.8
    assert set(load_model(model).tuned)

    out = tmp_path / "out"
    done = command("classify", GOLDEN / "lot", "--model", model, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Computing feature maps for fine-tuning" in done.stderr
    rows = table(out / "manifest.csv")
    assert right(rows) >= 10

    # The session says which network its vectors are by, and that is the one its replay uses.
    again = tmp_path / "again"
    done = command("replay", out / "session.dwb", "--out", again, "--offline")
    assert done.returncode == 0, done.stderr


def test_heads_of_a_fine_tuned_network_are_not_written_alone(tmp_path: Path, command: Command) -> None:
    done = command(
        "train", GOLDEN / "images", "--out", tmp_path / "m", "--fine-tune", "--onnx", tmp_path / "m.onnx"
    )
    assert done.returncode == 2
    assert "fine-tuned network" in done.stderr
    assert not list(tmp_path.glob("m*"))


@pytest.mark.slow
def test_changed_copies_are_learnt_from_and_kept(
    trained_with: Callable[[str], Path], tmp_path: Path, with_weights: Path, command: Command
) -> None:
    trained = trained_with("--augment 1")
    model = trained / "kinds.dwm"
    messages = (trained / "messages.txt").read_text(encoding="utf-8")
    assert "Extracting features of augmented images" in messages
    first = json.loads((trained / "result.json").read_text(encoding="utf-8"))
    assert first["overall"]["accuracy"] >= 0.8
    facts = load_model(model).facts
    assert facts is not None
    assert facts.augmented

    # The copies are in the store now, and give the same model to the bit.
    shutil.copytree(trained / "home" / "features", tmp_path / "store")
    options = ("--folds", "2", "--augment", "1", "--store", tmp_path / "store", "--json")
    done = command("train", GOLDEN / "images", "--out", tmp_path / "b.model", *options)
    assert done.returncode == 0, done.stderr
    assert "Extracting features of augmented images" not in done.stderr
    assert (tmp_path / "b.model").read_bytes() == model.read_bytes()

    done = command("classify", GOLDEN / "lot", "--model", model, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert right(table(tmp_path / "out" / "manifest.csv")) >= 9
