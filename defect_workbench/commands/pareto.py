"""`pareto`: count classes by lot, wafer or another column, and say what changed."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.core.arrays import Floats
from defect_workbench.core.errors import InputError
from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.core.pareto.pareto_chart import ParetoChart, value_text
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.fab.pareto_of_results import ParetoRequest, ParetoResult, pareto

_SHOWN_CLASSES, _SHOWN_GROUPS = 20, 40


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "pareto", help="count classes by lot, wafer, tool, time or another column, and say what changed"
    )
    parser.add_argument(
        "results",
        type=Path,
        nargs="+",
        metavar="RESULT",
        help="session file (.dwb) or result folder; several are counted together, each as one lot if nothing "
        "says which lots they are",
    )
    parser.add_argument(
        "--by",
        required=True,
        metavar="COLUMN",
        help="column to count by, such as lot, wafer, step, tool, time, folder or one of the side data",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the chart to a new file: .png, .svg, .csv (all numbers) or .pptx",
    )
    parser.add_argument(
        "--per",
        choices=[measure.value for measure in Measure],
        default=Measure.COUNT.value,
        help="what the chart shows: number of images, images per inspected wafer, per inspected area in cm², "
        "or share of the images; default: count",
    )
    parser.add_argument(
        "--classes",
        choices=[basis.value for basis in Basis],
        default=None,
        help="which clusters count as classes; default: those that have a name or are confirmed, or all if "
        "there are none",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Count the classes and print the changes."""
    if not args.by.strip():
        raise InputError("--by needs the name of a column")
    request = ParetoRequest(
        tuple(args.results),
        args.by.strip(),
        None if args.classes is None else Basis(args.classes),
        Measure(args.per),
        args.out,
    )
    result = pareto(request, reporter)
    reporter.close()
    if args.json:
        print_json({**_json(result), "out": None if args.out is None else str(args.out)})
        return 0
    _print(result, result.of(request.measure))
    if args.out is not None:
        print_text(f"written to {args.out}")
    return 0


def _print(result: ParetoResult, chart: ParetoChart) -> None:
    table = chart.counts
    print_text(
        f"{counted(int(table.totals.sum()), 'image')}, {counted(len(table.classes), 'class')}, "
        f"{counted(len(table.groups), 'group')} by {table.by}; {chart.axis}:"
    )
    width = max((len(each.name) for each in table.classes), default=0)
    for number, each in enumerate(table.classes[:_SHOWN_CLASSES]):
        low, high = (
            value_text(values[number], chart.measure) for values in (chart.class_low, chart.class_high)
        )
        value = value_text(chart.class_values[number], chart.measure)
        print_text(f"  {each.name:<{width}}  {value} ({low} to {high})  {chart.cumulative[number]:.0%}")
        groups = [
            f"{name} {value_text(chart.values[group, number], chart.measure)}"
            for group, name in enumerate(
                table.groups[-_SHOWN_GROUPS:], max(0, len(table.groups) - _SHOWN_GROUPS)
            )
        ]
        print_text(f"  {'':<{width}}  {', '.join(groups)}")
    if len(table.classes) > _SHOWN_CLASSES:
        print_text(f"  and {counted(len(table.classes) - _SHOWN_CLASSES, 'rarer class')}")
    for line in (*chart.findings, *chart.notes):
        print_text(f"{sentence_case(line)}.")


def _json(result: ParetoResult) -> dict[str, object]:
    chart = result.chart
    table = chart.counts
    fields: dict[str, object] = {
        "by": table.by,
        "basis": table.basis.value,
        "groups": table.groups,
        "ordered_by": "time" if table.by_time else "name",
        "classes": [each.name for each in table.classes],
        "counts": table.counts.tolist(),
        "images": table.totals.tolist(),
        "with_class": table.reviewed.tolist(),
        "wafers": _numbers(table.wafers),
        "area_cm2": _numbers(table.area_cm2),
        "scaled": chart.scaled,
    }
    for name, measure in (
        ("estimates", Measure.COUNT),
        ("per_wafer", Measure.WAFER),
        ("per_cm2", Measure.AREA),
        ("shares", Measure.SHARE),
    ):
        if table.has(measure):
            each = result.of(measure)
            fields[name] = _numbers(each.values)
            fields[f"{name}_low"], fields[f"{name}_high"] = _numbers(each.low), _numbers(each.high)
    fields["pareto"] = [
        {
            "class": each.name,
            "count": int(table.counts[:, number].sum()),
            "estimate": _number(chart.class_values[number]),
            "low": _number(chart.class_low[number]),
            "high": _number(chart.class_high[number]),
            "cumulative_share": _number(chart.cumulative[number]),
        }
        for number, each in enumerate(table.classes)
    ]
    fields["changes"] = [
        {
            "group": table.groups[change.group],
            "class": table.classes[change.class_].name,
            "before": _number(change.before),
            "after": _number(change.after),
            "unit": "cm2" if change.unit is Measure.AREA else change.unit.value,
            "p": change.p_value,
            "p_uncorrected": change.uncorrected,
            "text": change.words,
        }
        for change in chart.changes
    ]
    fields["verdict"] = chart.verdict
    fields["notes"] = list(chart.notes)
    return fields


def _number(value: float) -> float | None:
    return None if value != value else float(f"{value:.6g}")


def _numbers(values: Floats) -> list[object]:
    if values.ndim == 1:
        return [_number(each) for each in values.tolist()]
    return [_numbers(line) for line in values]
