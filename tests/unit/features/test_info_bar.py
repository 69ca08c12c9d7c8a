import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.preprocessing.info_bar import detected_rows, found_rows, rows_to_leave_out
from defect_workbench.resources import resource
from defect_workbench.sample.synthetic import KINDS, SINGLETONS, Look, render
from tests.conftest import SHARED_DATA

WORDS = "HV 5.00 kV  mag 20 000x  WD 4.1 mm  HFW 10 um"


def with_bar(
    pixels: Pixels,
    rows: int,
    ground: int,
    ink: int,
    rule: int | None = None,
    quality: int | None = None,
    words: str = WORDS,
) -> Pixels:
    height, width = pixels.shape
    size = max(10, rows // 2)
    image = Image.new("L", (width, height + rows), ground)
    image.paste(Image.fromarray(pixels))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size)
    draw.text((6, height + (rows - size) // 2 - 1), words[: int(width / size * 1.7)], fill=ink, font=font)
    if words:
        draw.rectangle((width - 60, height + rows // 2, width - 20, height + rows // 2 + 2), fill=ink)
    if rule is not None:
        draw.line((0, height, width, height), fill=rule)
    if quality is not None:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        image = Image.open(stream).convert("L")
    return np.asarray(image)


@pytest.mark.parametrize("kind", ["clean", "large-particle", "bridge", "residue", "clean-lines"])
@pytest.mark.parametrize(("size", "rows"), [(224, 22), (512, 40), (768, 60)])
@pytest.mark.parametrize(("ground", "ink", "rule"), [(0, 255, None), (255, 0, 0), (40, 230, 255)])
def test_bars_are_found_to_the_row(
    kind: str, size: int, rows: int, ground: int, ink: int, rule: int | None
) -> None:
    pixels = render(KINDS[kind], np.random.default_rng(3), Look(size=size))
    assert abs(detected_rows(with_bar(pixels, rows, ground, ink, rule)) - rows) <= 1
    if size > 224:
        assert abs(detected_rows(with_bar(pixels, rows, ground, ink, rule, 90)) - rows) <= 8


@pytest.mark.parametrize("ground", [0, 255])
def test_an_even_strip_without_letters_is_picture(ground: int) -> None:
    pixels = render(KINDS["clean"], np.random.default_rng(0), Look(size=256))
    assert detected_rows(with_bar(pixels, 30, ground, 255 - ground, words="")) == 0


def test_generated_pictures_have_no_bar() -> None:
    for paint in (*KINDS.values(), *SINGLETONS.values()):
        for look in (Look(), Look(size=384, noise=(0, 1)), Look(noise=(12, 15))):
            assert detected_rows(render(paint, np.random.default_rng(1), look)) == 0


def test_the_sample_set_has_no_bar() -> None:
    for path in sorted(resource("sample").glob("*.jpg")):
        assert detected_rows(decode(path.read_bytes()).pixels) == 0


@pytest.mark.parametrize("folder", ["deeppcb-boards", "sem-examples", "x-sdd"])
def test_real_pictures_without_a_bar_stay_whole(folder: str) -> None:
    root = SHARED_DATA / folder
    if not root.is_dir():
        pytest.skip(f"no images at {root}")
    paths = [path for path in sorted(root.rglob("*")) if path.suffix in (".jpg", ".png")]
    for path in paths[:: max(1, len(paths) // 120)]:
        pixels = decode(path.read_bytes()).pixels
        enlarged = np.kron(pixels, np.ones((3, 3), np.uint8)) if pixels.shape[0] < 200 else pixels
        if pixels.ndim == 2:
            assert detected_rows(enlarged) == 0, path


def test_tags_go_before_what_is_seen() -> None:
    pixels = render(KINDS["clean"], np.random.default_rng(0), Look(size=256))
    assert found_rows(with_bar(pixels, 30, 0, 255), InstrumentMetadata(bar_rows=44)) == 44
    assert found_rows(pixels, InstrumentMetadata(bar_rows=200)) == 0
    assert found_rows(with_bar(pixels, 30, 0, 255), InstrumentMetadata()) == 30


def test_a_person_has_the_last_word_but_half_the_picture_stays() -> None:
    assert rows_to_leave_out(100, 30, Preprocessing()) == 30
    assert rows_to_leave_out(100, 30, Preprocessing(info_bar="off")) == 0
    assert rows_to_leave_out(100, 0, Preprocessing(info_bar=12)) == 12
    assert rows_to_leave_out(100, 0, Preprocessing(info_bar=51)) == 0
    assert rows_to_leave_out(30, 15, Preprocessing()) == 0
