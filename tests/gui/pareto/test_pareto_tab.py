"""The Pareto tab counts while decisions are made, and leads to the images."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.pareto.chart_layout import ChartStyle
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_project
from tests.unit.storage.exports import with_lots

SIZES = (30, 24, 20)
# Most of the first cluster is in lot C.
LOTS = ["A", "B", *"C" * 28] + ["ABC"[image % 3] for image in range(44)]


def lines(window: MainWindow) -> str:
    """What is written beside the chart."""
    changes = window.pareto.page.changes
    return "\n".join(changes.item(row).text() for row in range(changes.count()))


@pytest.fixture
def tab(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with three lots, on the Pareto tab."""
    window.document.show(prepare(with_lots(made_project(tmp_path / "small", SIZES), LOTS)))
    window.tabs.setCurrentWidget(window.pareto.page)
    counted(window, qtbot)
    return window


def counted(window: MainWindow, qtbot: QtBot) -> None:
    """Wait until everything is counted."""
    page = window.pareto.page
    qtbot.waitUntil(lambda: page.isEnabled() and window.pareto.up_to_date, timeout=20_000)


def names(window: MainWindow) -> list[str]:
    chart = window.pareto.page.view.chart
    assert chart is not None
    return [each.name for each in chart.counts.classes]


def test_it_counts_by_lot_and_a_click_selects_the_images(tab: MainWindow, qtbot: QtBot) -> None:
    page = tab.pareto.page
    assert page.column.currentText() == "lot"
    layout = page.view.chart_layout()
    assert layout is not None
    (bar,) = (bar for bar in layout.bars if bar.spot.group == 2 and bar.spot.classes == (0,))
    QTest.mouseClick(page.view, Qt.MouseButton.LeftButton, pos=bar.spot.place.center().toPoint())
    assert len(tab.review.chosen_images()) == 28
    assert "28 images" in page.selected.text()
    page.go.click()
    assert tab.tabs.currentIndex() == 0
    assert len(tab.review.chosen_images()) == 28


def test_a_change_is_listed_and_selects_its_images(tab: MainWindow) -> None:
    page = tab.pareto.page
    assert page.changes.item(0).text().startswith("▲ cluster-01 rose from")
    page.changes.setCurrentRow(0)
    assert len(tab.review.chosen_images()) == 28


def test_the_chart_follows_decisions_while_it_is_shown(tab: MainWindow, qtbot: QtBot) -> None:
    assert tab.document.partition is not None
    tab.document.rename(tab.document.partition.clusters[0], "pit")
    counted(tab, qtbot)
    assert names(tab) == ["pit", "cluster-02", "cluster-03"]
    chart = tab.pareto.page.view.chart
    assert chart is not None
    assert chart.counts.classes[0].colour == tab.document.colour(tab.document.partition.clusters[0])
    tab.tabs.setCurrentIndex(0)
    tab.document.undo_stack.undo()
    assert names(tab)[0] == "pit", "not counted while it is hidden"
    tab.tabs.setCurrentWidget(tab.pareto.page)
    counted(tab, qtbot)
    assert names(tab)[0] == "cluster-01"


def test_confirmed_classes_alone_stand_for_all_images(tab: MainWindow, qtbot: QtBot) -> None:
    page = tab.pareto.page
    page.basis.setCurrentIndex(page.basis.findData(Basis.CONFIRMED))
    counted(tab, qtbot)
    assert not tab.pareto.has_chart
    assert "No cluster is confirmed" in page.view.accessibleDescription()
    assert not tab.actions_by_name["actionSavePareto"].isEnabled()
    assert tab.document.partition is not None
    tab.document.confirm(tab.document.partition.clusters[:2])
    counted(tab, qtbot)
    assert page.view.chart is not None
    assert page.view.chart.scaled
    assert "54 of 74 images have a confirmed class" in lines(tab)


def test_without_columns_it_says_what_is_missing(tab: MainWindow, qtbot: QtBot) -> None:
    tab.document.join(None)
    counted(tab, qtbot)
    page = tab.pareto.page
    assert [page.column.itemText(number) for number in range(page.column.count())] == ["all images"]
    assert "join a table" in lines(tab)


@pytest.mark.parametrize("style", list(ChartStyle))
def test_every_chart_style_can_be_walked_with_the_keyboard(
    tab: MainWindow, qtbot: QtBot, style: ChartStyle
) -> None:
    page = tab.pareto.page
    page.style_choice.setCurrentIndex(page.style_choice.findData(style))
    page.measure.setCurrentIndex(page.measure.findData(Measure.SHARE))
    counted(tab, qtbot)
    QTest.keyClick(page.view, Qt.Key.Key_Right)
    first = page.view.accessibleDescription()
    QTest.keyClick(page.view, Qt.Key.Key_Right)
    assert page.view.accessibleDescription() != first
    assert len(tab.review.chosen_images()) > 0
    QTest.keyClick(page.view, Qt.Key.Key_Return)
    assert tab.tabs.currentIndex() == 0


def test_the_chart_is_copied_and_saved(
    tab: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.actions_by_name["actionCopyPareto"].trigger()
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasImage()
    assert data.text().splitlines()[0] == "lot\tcluster-01\tcluster-02\tcluster-03"
    for name in ("chart.svg", "chart.csv"):
        target = tmp_path / name
        monkeypatch.setattr(file_dialogs, "ask_pareto_to_write", lambda *given, to=target: given[-1](to))
        with qtbot.waitSignal(tab.pareto.status, timeout=20_000):
            tab.actions_by_name["actionSavePareto"].trigger()
        assert target.stat().st_size > 100


def test_another_project_is_counted_from_the_start(tab: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    project = made_project(tmp_path / "other", (5, 4), [f"lot{i % 2}/{i}.png" for i in range(9)])
    tab.document.show(prepare(replace(project)))
    counted(tab, qtbot)
    assert tab.pareto.page.column.currentText() == "folder"
    assert names(tab) == ["cluster-01", "cluster-02"]
