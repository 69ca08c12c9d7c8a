"""What every format of box files keeps to: valid boxes are read, wrong ones are listed, nothing stops."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.detections import Box
from defect_workbench.core.progress import SilentReporter
from defect_workbench.storage.boxes.box_folder import BoxFolder, BoxSet
from defect_workbench.storage.boxes.box_format import BoxedImage, BoxFormat, UnreadableBoxes
from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS

SIZE = (200, 100)
Boxes = Mapping[str, Sequence[Box]]


def _plain(boxes: Boxes) -> dict[str, str]:
    lines = {
        stem: [f"{b.x1:g} {b.y1:g} {b.x2:g} {b.y2:g} {b.label}" for b in each] for stem, each in boxes.items()
    }
    return {f"{stem}.txt": "\n".join(each) + "\n" for stem, each in lines.items()}


def _yolo(boxes: Boxes) -> dict[str, str]:
    names = sorted({b.label for each in boxes.values() for b in each})
    files = {"classes.txt": "\n".join(names) + "\n"}
    for stem, each in boxes.items():
        rows = [
            (
                names.index(b.label),
                (b.x1 + b.x2) / 2 / SIZE[0],
                (b.y1 + b.y2) / 2 / SIZE[1],
                (b.x2 - b.x1) / SIZE[0],
                (b.y2 - b.y1) / SIZE[1],
            )
            for b in each
        ]
        files[f"{stem}.txt"] = "".join(" ".join(f"{v:.9g}" for v in row) + "\n" for row in rows)
    return files


def _voc(boxes: Boxes) -> dict[str, str]:
    def thing(b: Box) -> str:
        sides = {"xmin": b.x1 + 1, "ymin": b.y1 + 1, "xmax": b.x2, "ymax": b.y2}
        inner = "".join(f"<{name}>{value:g}</{name}>" for name, value in sides.items())
        return f"<object>\n<name>{b.label}</name><bndbox>{inner}</bndbox></object>\n"

    return {
        f"{stem}.xml": "<annotation>\n" + "".join(map(thing, each)) + "</annotation>\n"
        for stem, each in boxes.items()
    }


def _labelme(boxes: Boxes) -> dict[str, str]:
    def shape(b: Box) -> dict[str, object]:
        return {"label": b.label, "points": [[b.x2, b.y2], [b.x1, b.y1]], "shape_type": "rectangle"}

    return {
        f"{stem}.json": json.dumps({"version": "5", "shapes": [shape(b) for b in each]}, indent=1)
        for stem, each in boxes.items()
    }


def _coco(boxes: Boxes) -> dict[str, str]:
    names = sorted({b.label for each in boxes.values() for b in each})
    annotations = [
        {
            "id": 7,
            "image_id": number,
            "category_id": names.index(b.label),
            "bbox": [b.x1, b.y1, b.x2 - b.x1, b.y2 - b.y1],
        }
        for number, each in enumerate(boxes.values())
        for b in each
    ]
    content = {
        "images": [{"id": i, "file_name": f"{stem}.png"} for i, stem in enumerate(boxes)],
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
        "annotations": annotations,
    }
    return {"set.json": json.dumps(content, indent=1)}


# Writers of boxes, wrong ones too. The `write` of a format could share an error with its reader.
WRITERS: Mapping[str, Callable[[Boxes], dict[str, str]]] = {
    "xyxy": _plain,
    "yolo": _yolo,
    "voc": _voc,
    "labelme": _labelme,
    "coco": _coco,
}
VALID = {"a": (Box(10, 20, 40, 60, "pit"), Box(100, 5, 199, 95, "ring")), "b": (Box(0, 0, 200, 100, "pit"),)}
WRONG = {
    "inverted": Box(40, 60, 10, 20, "pit"),
    "empty": Box(10, 20, 10, 60, "pit"),
    "outside": Box(150, 20, 390, 60, "pit"),
}
HOSTILE = (
    b"",
    b"\xff\xfe\x00bad",
    b"\x00" * 50,
    b"nan nan nan nan nan\n1e999 0 1 1 1\n1 2 3\n",
    b"[" * 100_000,
    b'{"shapes": ' + b"[" * 100_000,
    b'{"images": 3, "annotations": {}, "shapes": 1}',
    b'{"images": [1, null, {"id": [1]}], "annotations": [1, {"image_id": {}}, null]}',
    b'{"shapes": [3, {"points": [[1]]}]}',
    b'{"shapes": [{"points": [[1e999, 2], [3, 4]]}]} trailing',
    b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]><annotation>&y;</annotation>',
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>',
    b"<annotation>" + b"<a>" * 10_000,
    b"<annotation><object><bndbox><xmin>1</xmin></bndbox></object></annotation>",
)


@pytest.fixture(params=BOX_FORMATS, ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> BoxFormat:
    found: BoxFormat = request.param
    return found


def read(
    folder: Path, files: Mapping[str, str | bytes], *, stems: str = "ab", format_name: str = "auto"
) -> BoxSet:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    sizes = {f"{stem}.png": SIZE for stem in stems}
    return BoxFolder(folder, format_name).read(sizes, SilentReporter())


def test_every_format_is_tested() -> None:
    assert set(WRITERS) == set(BOX_FORMATS.names)


def test_valid_boxes_are_read_and_the_format_is_recognised(entry: BoxFormat, tmp_path: Path) -> None:
    found = read(tmp_path / "boxes", WRITERS[entry.name](VALID))
    assert found.format == entry.name
    assert found.problems == ()
    assert set(found.boxes) == {"a.png", "b.png"}
    for stem, boxes in VALID.items():
        for got, wanted in zip(found.boxes[f"{stem}.png"], boxes, strict=True):
            assert got.label == wanted.label
            assert (got.x1, got.y1, got.x2, got.y2) == pytest.approx(
                (wanted.x1, wanted.y1, wanted.x2, wanted.y2), abs=1e-4
            )


LABELS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]), min_size=1, max_size=12
).filter(lambda text: text.strip())


@settings(max_examples=60)
@given(
    entry=st.sampled_from(list(BOX_FORMATS)),
    edges=st.lists(
        st.tuples(st.integers(0, 150), st.integers(0, 60), st.integers(1, 49), st.integers(1, 39)), max_size=4
    ),
    labels=st.lists(LABELS, min_size=4, max_size=4),
)
def test_written_boxes_are_read_as_they_were(
    entry: BoxFormat,
    edges: list[tuple[int, int, int, int]],
    labels: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    boxes = [Box(x, y, x + w, y + h, k) for (x, y, w, h), k in zip(edges, labels, strict=False)]
    # Two images with the same name but for the extension, one of them without a defect.
    images = [
        BoxedImage(path, *SIZE, each) for path, each in (("a.png", boxes), ("a.jpg", ()), ("b.png", boxes))
    ]
    folder = tmp_path_factory.mktemp("written")
    for name, text in entry.write(images).items():
        (folder / name).write_text(text, encoding="utf-8")
    sizes = {image.path: SIZE for image in images}
    found = BoxFolder(folder, entry.name).read(sizes, SilentReporter())
    assert found.problems == ()
    for image in images:
        got = found.boxes[image.path]
        assert len(got) == len(image.boxes)
        for one, other in zip(got, image.boxes, strict=True):
            corners = (one.x1, one.y1, one.x2, one.y2)
            assert corners == pytest.approx((other.x1, other.y1, other.x2, other.y2), abs=1e-4)
            assert _word(one.label) == _word(other.label)


def _word(label: str) -> str:
    """Return a label as lines of words can keep it."""
    return "_".join(label.replace(",", " ").split())


@pytest.mark.parametrize("what", WRONG)
def test_wrong_boxes_are_listed_by_file_and_line_and_the_rest_is_read(
    entry: BoxFormat, what: str, tmp_path: Path
) -> None:
    if entry.name == "labelme" and what == "inverted":
        pytest.skip("two corners of a LabelMe rectangle may be in any order")
    files = WRITERS[entry.name]({"a": (VALID["a"][0], WRONG[what], VALID["a"][1]), "b": VALID["b"]})
    found = read(tmp_path / "boxes", files)
    (problem,) = found.problems
    assert what in problem.reason
    text = files[problem.file].split("\n")
    first = read(tmp_path / "one", WRITERS[entry.name](VALID))
    assert len(found.boxes["a.png"]) == len(first.boxes["a.png"]) == 2
    assert 1 < problem.line < len(text), "the line of the second box"
    assert problem.text.startswith(f"{problem.file}:{problem.line}: ")


def test_an_image_without_a_defect_differs_from_an_unmarked_one(entry: BoxFormat, tmp_path: Path) -> None:
    found = read(tmp_path / "boxes", WRITERS[entry.name]({"a": VALID["a"], "b": ()}), stems="abc")
    assert found.boxes["b.png"] == ()
    assert "c.png" not in found.boxes
    assert [(problem.file, problem.reason) for problem in found.problems] == [
        ("c.png", "there is no box file for this image")
    ]


def test_boxes_of_an_unknown_image_are_listed(entry: BoxFormat, tmp_path: Path) -> None:
    found = read(tmp_path / "boxes", WRITERS[entry.name](VALID), stems="a")
    assert list(found.boxes) == ["a.png"]
    (problem,) = found.problems
    assert "there is no image for b" in problem.reason


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_damaged_or_malicious_file_does_not_stop_the_others(
    entry: BoxFormat, content: bytes, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {**WRITERS[entry.name](VALID)}
    files[f"damaged{entry.extension}"] = content
    found = read(tmp_path / "boxes", files, format_name=entry.name)
    assert {stem: len(found.boxes[f"{stem}.png"]) for stem in VALID} == {"a": 2, "b": 1}


@settings(max_examples=60)
@given(text=st.text(max_size=200))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    for entry in BOX_FORMATS:
        entry.recognises(text)
        try:
            entry.parse(text, ())
        except UnreadableBoxes as error:
            assert str(error)


def test_a_file_that_is_too_large_is_not_read(entry: BoxFormat, tmp_path: Path) -> None:
    files = WRITERS[entry.name](VALID)
    folder = tmp_path / "boxes"
    folder.mkdir()
    with (folder / f"large{entry.extension}").open("wb") as stream:
        stream.truncate(entry.most_bytes + 1)
    found = read(folder, files, format_name=entry.name)
    assert any(problem.file.startswith("large") and "larger" in problem.reason for problem in found.problems)
    assert len(found.boxes) == 2


def test_a_folder_without_box_files_is_refused(entry: BoxFormat, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(InputError, match="contains no"):
        BoxFolder(tmp_path, entry.name)
    with pytest.raises(InputError, match="no box file that is recognised"):
        BoxFolder(tmp_path)


def test_two_files_for_one_image_are_listed(tmp_path: Path) -> None:
    (tmp_path / "boxes" / "again").mkdir(parents=True)
    (tmp_path / "boxes" / "again" / "a.txt").write_text("1 2 30 40 pit\n")
    found = read(tmp_path / "boxes", _plain({"a": VALID["a"]}), stems="a")
    assert len(found.boxes.get("a.png", ())) in (1, 2)
    assert any("already has boxes" in problem.reason for problem in found.problems)
