"""One list of instrument metadata serves files, tables, filters and the inspector."""

from dataclasses import fields

from defect_workbench.core.images.instrument import METADATA_FIELDS, InstrumentMetadata, metadata_text
from defect_workbench.core.images.preprocessing_steps import (
    BACKGROUND_CHOICES,
    DENOISE_CHOICES,
    INFO_BAR_CHOICES,
    Preprocessing,
)


def test_every_value_of_the_metadata_is_a_field() -> None:
    # The height of the info bar is a setting of the picture, shown with it.
    assert {f.name for f in METADATA_FIELDS} | {"bar_rows"} == {f.name for f in fields(InstrumentMetadata)}
    for field in METADATA_FIELDS:
        assert field.numeric == (field.value(InstrumentMetadata()) is None)


def test_metadata_survive_a_file_and_are_shown_in_lines() -> None:
    facts = InstrumentMetadata(
        "Zeiss", 2.4999, 12_500.0, 5.0, "SE2", 4.123456, "2026-03-01", "nm", 40, 1234.5, -0.5
    )
    assert InstrumentMetadata.from_json(facts.as_json()) == facts
    assert metadata_text(facts).split("\n") == [
        "Zeiss · SE2",
        "2.5 nm/px · 12,500 × · 5 kV · WD 4.123 mm",
        "2026-03-01",
        "stage x 1,234 µm · stage y -0.5 µm",
        "heights in nm",
    ]
    assert metadata_text(InstrumentMetadata(detector="SE2")) == "SE2"
    assert metadata_text(None) == ""


def test_every_choice_of_preprocessing_is_named_in_its_description() -> None:
    for bar in INFO_BAR_CHOICES:
        assert bar.label in Preprocessing(info_bar=bar.value).words
    for denoise in DENOISE_CHOICES[1:]:
        assert denoise.label in Preprocessing(denoise=denoise.value).words
    for background in BACKGROUND_CHOICES[1:]:
        assert background.label in Preprocessing(background=background.value).words
    assert Preprocessing(info_bar=64).words == "64 rows cropped at the bottom"
