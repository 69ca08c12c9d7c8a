"""The table `alarms.csv`: the alarms that were raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from defect_workbench.core.monitoring import LevelAlarm
from defect_workbench.storage.files.csv_cells import plain_text, safe_text

ALARM_COLUMNS = (
    "time",
    "after_images",
    "subject",
    "label",
    "change",
    "usual",
    "share",
    "images",
    "count",
    "message",
)


def alarm_line(alarm: LevelAlarm, time: str) -> list[object]:
    """Return the row of an alarm; the time is empty if it is not known."""
    return [
        time,
        alarm.after,
        alarm.subject.kind,
        safe_text(alarm.subject.label),
        "rise" if alarm.rose else "return",
        f"{alarm.usual:.4f}",
        f"{alarm.share:.4f}",
        alarm.images,
        alarm.events,
        safe_text(alarm.words),
    ]


def missing_alarms(rows: Iterable[Mapping[str, str]], due: Iterable[LevelAlarm]) -> list[list[object]]:
    """Return the rows of alarms that are not written yet, as their process was killed.

    Parameters
    ----------
    rows : iterable of mapping
        The rows of the table.
    due : iterable of LevelAlarm
        All alarms that follow from the manifest.
    """
    last, written = 0, set()
    for row in rows:
        after = int(row["after_images"]) if row["after_images"].isdecimal() else 0
        last = max(last, after)
        written.add((after, row["subject"], plain_text(row["label"])))
    # Earlier ones that are not there are those of another version of the test.
    return [
        alarm_line(alarm, "")
        for alarm in due
        if alarm.after >= last and (alarm.after, alarm.subject.kind, alarm.subject.label) not in written
    ]
