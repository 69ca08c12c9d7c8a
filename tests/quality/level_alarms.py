"""False alarms of the levels of a watched folder, and how soon a rise is told.

Run it with `python -m tests.quality.level_alarms`: the figures of docs/adr/0032-watching-a-folder.md.
"""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import numpy as np

from defect_workbench.core.classifier.conformal import Calibration
from defect_workbench.core.monitoring import Arrival, LevelAlarm
from defect_workbench.engine.monitoring.level_monitor import LevelMonitor

SHARES = np.array([0.35, 0.2, 0.15, 0.1, 0.1, 0.05, 0.03, 0.02])
HELD_OUT = (40, 100, 200)
STREAM, RISE_AT = 20_000, 1000


def made_model(rng: np.random.Generator, held_out: int) -> Any:
    """Return what the monitor needs of a classifier: held-out scores of a normal distribution."""
    count = len(SHARES)
    labels = np.repeat(np.arange(count), held_out)
    calibration = Calibration(rng.normal(size=len(labels)), labels, count)
    novelty = SimpleNamespace(calibration=calibration, thresholds=calibration.thresholds)
    return SimpleNamespace(labels=tuple(f"kind-{number}" for number in range(count)), novelty=novelty)


def alarms_of(rng: np.random.Generator, held_out: int, images: int, rise: float = 0.0) -> list[LevelAlarm]:
    """Return what is told about a stream in which a share of unknown images joins at `RISE_AT`."""
    model = made_model(rng, held_out)
    monitor, limits = LevelMonitor(model), model.novelty.thresholds()
    scores = rng.normal(size=images)
    scores[RISE_AT:][rng.random(images - RISE_AT) < rise] += 100
    labels = rng.choice(len(SHARES), size=images, p=SHARES)
    told = []
    for label, score in zip(labels.tolist(), scores.tolist(), strict=True):
        limit = float(limits[label])
        told += monitor.add(Arrival(model.labels[label], score <= limit, 1 + score - limit))
    return [alarm for alarm in told if alarm.rose]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    false = sum(len(alarms_of(rng, int(rng.choice(HELD_OUT)), STREAM)) for _ in range(args.streams))
    images = args.streams * STREAM
    print(f"{false} false alarms in {images:,} images: {1e4 * false / images:.2f} per 10,000")
    for rise in (0.05, 0.07, 0.09, 0.15, 0.3):
        delays = []
        for _ in range(12):
            found = alarms_of(rng, 100, 4 * RISE_AT, rise)
            after = [a.after for a in found if a.subject.kind == "unknown" and a.after > RISE_AT]
            delays.append(after[0] - RISE_AT if after else np.inf)
        print(
            f"unknown 2% to {100 * (1 - 0.98 * (1 - rise)):.0f}%: told after {np.median(delays):.0f} images"
        )


if __name__ == "__main__":
    main()
