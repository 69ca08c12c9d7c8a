"""What the pages for developers say about the package is true."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "defect_workbench"
FORMATS = (ROOT / "docs" / "dev" / "formats.md").read_text(encoding="utf-8")
RECIPES = (ROOT / "docs" / "dev" / "extending.md").read_text(encoding="utf-8")
NUMBERS = re.findall(r"^\| [^|]+ \| (\d+)[^|]* \| `([\w/]+)\.py` `(\w+)` \|$", FORMATS, re.MULTILINE)
FOLDERS = re.findall(r"^\| \[[^|]+\| `([\w/]+)/NAME\.py` \|", RECIPES, re.MULTILINE)
MOST_MODULES = 16


def test_tables_are_read() -> None:
    assert len(NUMBERS) >= 9
    assert len(FOLDERS) >= 10


@pytest.mark.parametrize(("number", "module", "constant"), NUMBERS)
def test_the_number_of_a_format_is_that_of_the_code(number: str, module: str, constant: str) -> None:
    defining = import_module(f"defect_workbench.{module.replace('/', '.')}")
    assert getattr(defining, constant) == int(number)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_folder_of_a_recipe_has_room_for_a_module(folder: str) -> None:
    modules = [path for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"]
    assert 0 < len(modules) < MOST_MODULES


def test_files_that_recipes_name_exist() -> None:
    named = set(re.findall(r"tests/[\w/]+\.py", RECIPES))
    suites = {f"tests/unit/conformance/{name}" for name in re.findall(r"`(test_\w+\.py)` \|", RECIPES)}
    registries = {f"defect_workbench/{name}" for name in re.findall(r"`([\w/]+/registry\.py)`", RECIPES)}
    assert {path for path in named | suites | registries if not (ROOT / path).is_file()} == set()
