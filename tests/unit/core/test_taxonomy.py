"""Stages, outcomes and where folders belong."""

from dataclasses import replace
from pathlib import Path

import pytest

from defect_workbench.core.classifier.taxonomy import default_taxonomy, label_routes
from defect_workbench.core.classifier.taxonomy_fitting import fit_taxonomy
from defect_workbench.core.classifier.taxonomy_toml import from_mapping, read_taxonomy, taxonomy_text
from defect_workbench.core.errors import InputError
from tests.builders import flat_taxonomy

SIZES = """
format = 1
[[stage]]
name = "first"
[[stage.outcome]]
name = "clean"
folders = ["Good", "none"]
[[stage.outcome]]
name = "defect"
next = "size"
[[stage]]
name = "size"
kind = "size"
unit = "nm"
limit = 120
next = "kind"
[[stage.outcome]]
name = "small"
folders = ["dust"]
[[stage]]
name = "kind"
rest = true
inputs = ["first", "size"]
background = "plane"
"""


@pytest.mark.parametrize("clean", ["clean", "None", "GOOD", "ok", "no-defect", "Normal"])
def test_a_folder_of_clean_images_goes_to_the_stage_defect_or_clean(clean: str) -> None:
    fitted, notes = fit_taxonomy(default_taxonomy(), ["pit", clean, "scratch"])
    assert [stage.name for stage in fitted.stages] == ["noise", "defect or clean", "size", "kind"]
    assert fitted.labels == (clean, "pit", "scratch")
    assert not notes
    outcomes = label_routes(fitted, ["pit", clean, "scratch"]).outcome_of
    assert outcomes["defect or clean"] == {clean: 0, "pit": 1, "scratch": 1}
    assert outcomes["size"] == {"pit": -1, "scratch": -1}
    assert outcomes["kind"] == {"pit": 0, "scratch": 1}


def test_without_clean_images_the_stage_defect_or_clean_is_left_out_and_reported() -> None:
    fitted, notes = fit_taxonomy(default_taxonomy(), ["pit", "scratch"])
    assert [stage.name for stage in fitted.stages] == ["noise", "size", "kind"]
    assert {outcome.next for outcome in fitted.stage("noise").outcomes} == {"size"}
    assert fitted.stage("kind").inputs == ("size",)
    assert "no folder of clean images" in notes[0]


def test_by_default_noise_is_checked_before_it_is_decided_whether_there_is_a_defect() -> None:
    default = default_taxonomy()
    assert [stage.name for stage in default.stages] == ["noise", "defect or clean", "size", "kind"]
    assert {outcome.next for outcome in default.stages[0].outcomes} == {"defect or clean"}


def test_stages_in_another_order_keep_it_in_files_and_models() -> None:
    first, noise, size, kind = (
        default_taxonomy().stage(name) for name in ("defect or clean", "noise", "size", "kind")
    )
    towards = {"noise": "kind", "size": "noise"}
    size, noise = (
        replace(s, outcomes=tuple(replace(o, next=towards[s.name]) for o in s.outcomes))
        for s in (size, noise)
    )
    former = replace(default_taxonomy(), stages=(first, size, noise, kind))
    order = ["defect or clean", "size", "noise", "kind"]
    assert [stage.name for stage in read_taxonomy(taxonomy_text(former), "file").stages] == order
    assert [stage.name for stage in from_mapping(former.as_json(), "model").stages] == order
    assert [stage.name for stage in fit_taxonomy(former, ["clean", "pit"])[0].stages] == order


def test_the_guide_shows_the_default_stages() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "classifier.md").read_text(encoding="utf-8")
    shown = guide.split("```toml\n")[1].split("```")[0]
    assert read_taxonomy(shown, "guide") == read_taxonomy(taxonomy_text(default_taxonomy()), "default")


def test_one_kind_of_defect_beside_clean_is_enough() -> None:
    fitted, _ = fit_taxonomy(default_taxonomy(), ["clean", "pit"])
    assert fitted.labels == ("clean", "pit")


def test_one_label_is_not_enough() -> None:
    with pytest.raises(InputError, match="at least two"):
        fit_taxonomy(default_taxonomy(), ["pit"])


def test_a_taxonomy_is_read_from_toml_and_kept_by_the_model_file() -> None:
    taxonomy = read_taxonomy(SIZES, "stages.toml")
    fitted, _ = fit_taxonomy(taxonomy, ["good", "dust", "pit", "flake"])
    assert fitted.stage("size").kind == "size"
    assert fitted.stage("size").settings == {"unit": "nm", "limit": 120}
    assert fitted.stage("kind").background == "plane"
    # Two folders may mean one outcome; it is called as the taxonomy says.
    assert fitted.labels == ("clean", "dust", "pit", "flake")
    found = label_routes(fitted, ["good", "dust", "pit", "flake"])
    assert found.label_of["good"] == "clean"
    small = [o.name for o in fitted.stage("size").outcomes].index("small")
    assert found.outcome_of["size"]["dust"] == small
    assert from_mapping(fitted.as_json(), "a model") == fitted
    assert read_taxonomy(taxonomy_text(fitted), "what was written") == fitted


def test_flat_is_one_stage() -> None:
    fitted, _ = fit_taxonomy(flat_taxonomy(), ["a", "clean"])
    assert fitted.labels == ("a", "clean")
    assert len(fitted.stages) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml [", "is not TOML"),
        ("format = 1", "no \\[\\[stage\\]\\]"),
        ("format = 9\n[[stage]]\nname='a'", "newer version"),
        ("[[stage]]\nkind='classes'", "not a taxonomy"),
        ("[[stage]]\nname='a'\nkind='guess'", "kind must be one of"),
        ("[[stage]]\nname='a'\ncolour='red'", "unknown key 'colour'"),
        ("[[stage]]\nname='a'\nrest=true\n[[stage]]\nname='b'", "no outcome leads"),
        ("[[stage]]\nname='a'\n[[stage.outcome]]\nname='x'\nnext='a'", "not a later stage"),
        (
            "[[stage]]\nname='a'\n[[stage.outcome]]\nname='x'\nnext='b'\n[[stage]]\nname='B'",
            "not a later stage",
        ),
        ("[[stage]]\nname='a'\nrest=true\ninputs=['b']", "not an earlier stage"),
        ("[[stage]]\nname='a'\nkind='size'\nlimit=-3\nnext='b'\n[[stage]]\nname='b'", "above 0"),
        ("[[stage]]\nname='a'\nkind='size'\nunit='in'\nnext='b'\n[[stage]]\nname='b'", "px or nm"),
        ("[[stage]]\nname='a'\nkind='size'\n[[stage.outcome]]\nname='huge'", "outcomes of a size"),
        ("[[stage]]\nname='a'\nnext='b'\n[[stage]]\nname='b'", "cannot have next; set it in its outcomes"),
        ("[[stage]]\nname='a'\ndenoise='soap'", "denoise must be one of none, median, nlm"),
        ("[[stage]]\nname='a'\nbackground='soap'", "background must be one of none"),
    ],
)
def test_what_is_wrong_with_a_taxonomy_is_reported(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_taxonomy(text, "stages.toml")


def test_settings_that_earlier_versions_wrote_for_any_stage_are_read_and_ignored() -> None:
    old = {
        "format": 1,
        "name": "",
        "stage": [{"name": "kind", "kind": "classes", "unit": "px", "rest": True}],
    }
    assert from_mapping(old, "a model") == replace(flat_taxonomy(), name="")


def test_a_folder_without_a_place_is_refused() -> None:
    taxonomy = read_taxonomy(SIZES.replace("rest = true", ""), "stages.toml")
    with pytest.raises(InputError, match="does not mention the folder pit"):
        fit_taxonomy(taxonomy, ["good", "dust", "pit"])
