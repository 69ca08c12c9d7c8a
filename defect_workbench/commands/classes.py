"""`classes`: share the class library of this user with other people."""

from __future__ import annotations

import argparse
from pathlib import Path

from defect_workbench.commands.shared.common_options import Commands, add_json
from defect_workbench.commands.shared.console import ConsoleReporter, print_json, print_text
from defect_workbench.core.project.class_library import ClassLibrary, Merged, merge
from defect_workbench.core.text import counted
from defect_workbench.storage.class_library.class_file import LibraryFile, export_classes, read_classes
from defect_workbench.user_dirs import UserDirs


def add(commands: Commands, places: UserDirs) -> None:
    """Add the command and its options."""
    classes = commands.add_parser(
        "classes", help="write the class library to a file, or add classes from one"
    )
    actions = classes.add_subparsers(dest="action", metavar="export|import", required=True)
    exporting = actions.add_parser("export", help="write all classes to a new file")
    importing = actions.add_parser("import", help="add the classes of a file; nothing is overwritten")
    for action in (exporting, importing):
        action.add_argument("file", type=Path, metavar="FILE", help="file of classes (.json)")
        add_json(action)
        action.set_defaults(run=run)


def run(args: argparse.Namespace, places: UserDirs, reporter: ConsoleReporter) -> int:
    """Export or import classes."""
    library = LibraryFile(places.classes)
    if args.action == "export":
        classes = library.load()
        export_classes(args.file, classes)
        if args.json:
            print_json({"classes": len(classes.classes)})
        else:
            print_text(f"{counted(len(classes.classes), 'class')} in {args.file}")
        return 0
    merged = _imported(library, read_classes(args.file))
    if args.json:
        print_json(
            {
                "added": merged.added,
                "completed": merged.completed,
                "conflicts": merged.conflicts,
                "classes": len(merged.library.classes),
            }
        )
        return 0
    print_text(f"{len(merged.added):,} added, {len(merged.completed):,} completed")
    for conflict in merged.conflicts:
        print_text(f"  {conflict}")
    return 0


def _imported(library: LibraryFile, theirs: ClassLibrary) -> Merged:
    """Merge classes into the library of the user."""
    found: list[Merged] = []

    def change(ours: ClassLibrary) -> ClassLibrary:
        found.append(merge(ours, theirs))
        return found[-1].library

    library.update(change)
    return found[-1]
