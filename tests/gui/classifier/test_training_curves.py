"""The curves of a training follow it without taking its time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from defect_workbench.gui.classifier import training_curves
from defect_workbench.gui.classifier.training_curves import Curves


@dataclass(frozen=True)
class Step:
    head: str
    epoch: float
    loss: float
    accuracy: float


class Paints(QObject):
    """Counts how often a widget is painted."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() is QEvent.Type.Paint
        return False


def shown(qtbot: QtBot) -> tuple[Curves, Paints]:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.show()
    qtbot.waitExposed(curves)
    QApplication.processEvents()
    paints = Paints(curves)
    curves.installEventFilter(paints)
    return curves, paints


def train(curves: Curves, epochs: int) -> None:
    for epoch in range(1, epochs + 1):
        curves.add(Step("kind", epoch, 1 / epoch, 0.5))
        QApplication.processEvents()


def test_epochs_in_quick_succession_are_drawn_together(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_curves, "_REDRAWN_AFTER_MS", 600_000)
    curves, paints = shown(qtbot)
    train(curves, 50)
    assert len(curves.steps("kind")) == 50
    assert paints.count == 0


def test_the_last_epoch_is_drawn(qtbot: QtBot) -> None:
    curves, paints = shown(qtbot)
    train(curves, 3)
    drawn = paints.count
    curves.add(Step("kind", 4, 0.25, 0.5))
    qtbot.waitUntil(lambda: paints.count > drawn)
