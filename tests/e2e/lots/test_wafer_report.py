"""The report of a lot whose table says where the defects are."""

from pathlib import Path

from tests.builders import made_lot
from tests.processes import Command


def test_a_table_with_places_brings_the_wafers_into_the_report(tmp_path: Path, command: Command) -> None:
    lot = made_lot(tmp_path / "lot", 24)
    rows = [f"{i:02d}.png;{i % 2 + 1};{10 * (i % 7) - 30};{5 * i - 60}" for i in range(24)]
    (tmp_path / "places.csv").write_text("\n".join(["file;wafer;x_mm;y_mm", *rows]))
    out = tmp_path / "out"
    done = command(
        "cluster", lot, "--out", out, "--offline", "--cut", "3", "--side-data", tmp_path / "places.csv"
    )
    assert done.returncode == 0, done.stderr
    assert "placement: " in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "24 defects on 2 wafers. Places from places.csv: wafer, x_mm, y_mm." in page
    assert "Placement against the other defects" in page
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
