"""Arrivals in a watched folder, and the alarms about them, as data."""

from defect_workbench.core.monitoring.level_alarm import UNKNOWN, Arrival, LevelAlarm, Subject

__all__ = ["UNKNOWN", "Arrival", "LevelAlarm", "Subject"]
