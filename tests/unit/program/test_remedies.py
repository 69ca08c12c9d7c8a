"""Reasons come from below; what to do about them is said by each front in its own words."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event

import pytest

from defect_workbench import cli, unforeseen
from defect_workbench.app import window_remedies as window
from defect_workbench.app.jobs.runner import JobReporter
from defect_workbench.commands.shared import command_line_remedies as command_line
from defect_workbench.commands.shared.console import ConsoleReporter
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.notebook import notebook_remedies as notebook

PACKAGE = Path(unforeseen.__file__).parent
FRONTS = {
    "command line": command_line.REMEDY_TEXTS,
    "window": window.REMEDY_TEXTS,
    "notebook": notebook.REMEDY_TEXTS,
}
# The options of the npm client, which a source of the weights is fetched with.
NOT_OURS = {"engine/backbone/pretrained/sources.py"}
OF_THE_COMMAND_LINE = re.compile(
    rf"(?<![\w(-])--[a-z][a-z-]*(?![\w-]*:)|defect-workbench (?:{'|'.join(cli.COMMANDS)})\b"
)
OF_THE_WINDOW = re.compile(r"\b(?:click|button|menu|drag|dialog|double-click|check box)\b", re.IGNORECASE)


def strings_in(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module with their lines, docstrings left out."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("floor", ["core", "engine", "storage", "workflows"])
def test_no_lower_floor_speaks_of_options_or_buttons(floor: str) -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text[:80]!r}"
        for path in sorted((PACKAGE / floor).rglob("*.py"))
        if path.relative_to(PACKAGE).as_posix() not in NOT_OURS
        for line, text in strings_in(path)
        if OF_THE_COMMAND_LINE.search(text) or OF_THE_WINDOW.search(text)
    ]
    assert not found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("leave --augment out", True),
        ("run: defect-workbench weights fetch", True),
        ("defect-workbench 1.2.0", False),
        (":root { --line: #d7dbe0; } p { color: var(--line); }", False),
    ],
)
def test_the_scan_finds_options_and_commands_and_no_style_sheets(text: str, found: bool) -> None:
    assert bool(OF_THE_COMMAND_LINE.search(text)) is found


def test_the_window_names_no_option_and_the_command_line_no_button() -> None:
    assert not [words for words in window.REMEDY_TEXTS.values() if OF_THE_COMMAND_LINE.search(words)]
    assert not [words for words in command_line.REMEDY_TEXTS.values() if OF_THE_WINDOW.search(words)]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("remedy", Remedy)
def test_every_remedy_has_words_that_end_a_sentence(front: str, remedy: Remedy) -> None:
    words: Mapping[Remedy, str] = FRONTS[front]
    assert remedy in words
    text = words[remedy]
    assert text == text.strip()
    assert text[0].islower()
    assert text[-1] not in ".;,:"


def sample_of(reason: ast.expr) -> str:
    """A reason with a word for each value in it; empty where it is put together elsewhere."""
    if isinstance(reason, ast.JoinedStr):
        return "".join(sample_of(part) for part in reason.values)
    if isinstance(reason, ast.FormattedValue):
        return "value"
    return str(reason.value) if isinstance(reason, ast.Constant) else ""


def reasons() -> Iterator[tuple[str, str]]:
    """Where errors are raised, and their reasons."""
    for floor in ("core", "engine", "storage", "workflows"):
        for path in sorted((PACKAGE / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("WorkbenchError", "InputError"):
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", sample_of(node.args[0])


def test_reasons_end_so_that_a_remedy_can_follow() -> None:
    found = list(reasons())
    assert len(found) > 100
    assert not [(where, text) for where, text in found if text.rstrip() != text or text.endswith((".", ";"))]


def test_each_front_adds_its_own_words_to_the_reason() -> None:
    error = WorkbenchError("the cached network weights are damaged", Remedy.FETCH_WEIGHTS)
    assert str(error) == "the cached network weights are damaged"
    assert command_line.sentence(error).endswith("are damaged; run: defect-workbench weights fetch")
    assert "are damaged; click “Fetch weights”" in window.sentence(error)
    assert command_line.sentence(InputError("the file is empty")) == "the file is empty"


def test_warnings_carry_remedies_too() -> None:
    stream = io.StringIO()
    ConsoleReporter(stream, Event()).warn("no network", Remedy.IMPORT_WEIGHTS)
    assert stream.getvalue().endswith("run: defect-workbench weights import FILE\n")
    warned: list[str] = []
    JobReporter(lambda value: None, warned.append, lambda value: None).warn(
        "no network", Remedy.IMPORT_WEIGHTS
    )
    assert len(warned) == 1
    assert "From a file…" in warned[0]


def test_a_failed_command_prints_reason_and_remedy_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = WorkbenchError("links are not possible", Remedy.COPY_MODE)
    assert cli._fail(error) == 1
    assert capsys.readouterr().err == "defect-workbench: links are not possible; use --mode copy\n"
