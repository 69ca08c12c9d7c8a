"""Ctrl-C while a command's module is imported is a cancel, whatever the module makes of it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from defect_workbench import __main__ as program
from defect_workbench import cli


@pytest.fixture(autouse=True)
def interrupts_as_at_the_start() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def importing_fails(monkeypatch: pytest.MonkeyPatch, error: Exception, *, interrupted: bool) -> None:
    def fail(name: str) -> None:
        try:
            if interrupted:
                signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            pass
        raise error

    monkeypatch.setattr(cli, "import_module", fail)
    monkeypatch.setattr(sys, "argv", ["defect-workbench", "weights", "status"])


@pytest.mark.parametrize(
    "error",
    [ImportError("a part failed"), SystemError("returned a result with an exception set"), AttributeError()],
    ids=lambda error: type(error).__name__,
)
def test_an_interrupt_is_a_cancel_whatever_a_compiled_module_reports(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    importing_fails(monkeypatch, error, interrupted=True)
    assert program.main() == 130
    assert capsys.readouterr().err == "defect-workbench: cancelled\n"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ImportError("libfoo.so.1: cannot open"),
            "cannot be loaded (libfoo.so.1: cannot open); reinstall it",
        ),
        (ImportError("failed to map segment from shared object"), "there is not enough memory"),
        (AttributeError("no attribute"), "unexpected error (AttributeError: no attribute)"),
    ],
    ids=["missing", "memory", "other"],
)
def test_without_an_interrupt_the_failed_import_is_explained(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    importing_fails(monkeypatch, error, interrupted=False)
    assert program.main() == 1
    assert words in capsys.readouterr().err
