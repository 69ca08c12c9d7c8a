"""What nobody thought of, in the command line and in the window, still ends in a sentence."""

from __future__ import annotations

import argparse
import errno
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest

from defect_workbench import cli
from defect_workbench.commands import compare
from defect_workbench.commands.shared.console import ConsoleReporter
from defect_workbench.core.errors import InputError, WorkbenchError, concerning, files_of
from defect_workbench.logs import start_logging
from defect_workbench.unforeseen import reporting_uncaught
from defect_workbench.user_dirs import UserDirs


@pytest.fixture(autouse=True)
def quiet_logging() -> Iterator[None]:
    yield
    logging.captureWarnings(False)


def fail_with(
    monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException], step: str, file: str
) -> None:
    def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
        if step:
            reporter.stage(step, None)
        if not file:
            raise error()
        with concerning(file):
            raise error()

    monkeypatch.setattr(compare, "run", run)


@pytest.mark.parametrize(
    ("error", "step", "file", "wanted"),
    [
        (
            lambda: ZeroDivisionError("division by zero"),
            "Extracting features",
            "lot/x.png",
            (
                "unexpected error at the step “Extracting features”, on lot/x.png (ZeroDivisionError: "
                "division by zero). Try again; if it happens again, try without lot/x.png, and report it "
                "with the log {log}"
            ),
        ),
        (
            lambda: KeyError("k"),
            "",
            "",
            "unexpected error (KeyError: 'k'). Try again; if it happens again, report it with the log {log}",
        ),
        (
            lambda: RuntimeError("first\nsecond\x1b[2J"),
            "",
            "",
            (
                "unexpected error (RuntimeError: first). Try again; if it happens again, report it with the "
                "log {log}"
            ),
        ),
        (
            MemoryError,
            "Building the dendrogram",
            "",
            (
                "there is not enough memory at the step “Building the dendrogram”; close other programs or "
                "use fewer images, and try again"
            ),
        ),
        (
            lambda: OSError(errno.ENOSPC, "No space left on device", "/lot/x"),
            "Writing images",
            "",
            (
                "the job stopped at the step “Writing images”, on /lot/x: the disk is full; free some space "
                "and try again"
            ),
        ),
        (
            lambda: PermissionError(errno.EACCES, "Permission denied"),
            "",
            "/lot/x",
            "the job stopped, on /lot/x: Permission denied; correct this and try again",
        ),
    ],
)
def test_an_unforeseen_error_names_step_file_and_remedy(
    places: UserDirs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Callable[[], BaseException],
    step: str,
    file: str,
    wanted: str,
) -> None:
    fail_with(monkeypatch, error, step, file)
    assert cli.run(["compare", "a", "b"], places) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "defect-workbench: " + wanted.format(log=places.log)
    assert "Traceback" in places.log.read_text(encoding="utf-8")


def test_a_readable_error_stays_as_it_is_and_names_no_file_twice() -> None:
    with pytest.raises(InputError) as caught, concerning("a.png"):
        raise InputError("a.png is no picture")
    assert files_of(caught.value) == ()


def test_an_interrupt_anywhere_is_a_cancel(
    places: UserDirs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, KeyboardInterrupt, "", "")
    assert cli.run(["compare", "a", "b"], places) == 130
    assert capsys.readouterr().err == "defect-workbench: cancelled\n"


def test_a_warning_of_a_package_goes_to_the_log_alone(
    places: UserDirs, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        start_logging(places.log)
        warnings.warn("overflow encountered", RuntimeWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert capfd.readouterr().err == ""
    assert "overflow encountered" in places.log.read_text(encoding="utf-8")


def test_a_fault_in_a_thread_or_a_slot_is_a_sentence_and_a_log_entry(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caught: list[WorkbenchError] = []

    def fail() -> None:
        raise ZeroDivisionError("in a thread")

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    with reporting_uncaught(caught.append, "report it"):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        sys.excepthook(KeyError, KeyError("in a slot"), None)
    assert [str(error) for error in caught] == [
        "unexpected error (ZeroDivisionError: in a thread). Try again; if it happens again, report it",
        "unexpected error (KeyError: 'in a slot'). Try again; if it happens again, report it",
    ]
    assert "Traceback" in caplog.text
    assert capfd.readouterr() == ("", "")
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
