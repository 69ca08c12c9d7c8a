"""Options for the clustering method and its parameters, built from the registry."""

from __future__ import annotations

import argparse

from defect_workbench.core.errors import InputError
from defect_workbench.core.parameters import Choice, Parameter, Value
from defect_workbench.engine.clustering.method import Method
from defect_workbench.engine.clustering.registry import METHODS


def add_method_options(parser: argparse.ArgumentParser) -> None:
    """Add `--method`, and one option per parameter of any method."""
    names = METHODS.names
    parser.add_argument(
        "--method", choices=names, default=names[0], help=f"clustering method; default: {names[0]}"
    )
    for parameter in _parameters().values():
        owners = [method.name for method in METHODS if parameter in method.parameters]
        scope = "" if len(owners) == len(METHODS) else f"for --method {' or '.join(owners)}: "
        bounds = "" if isinstance(parameter, Choice) or not parameter.bounds else f"; {parameter.bounds}"
        text = f"{scope}{parameter.help}{bounds}; default: {parameter.words(parameter.default)}"
        if isinstance(parameter, Choice):
            choices = [value for value, _ in parameter.choices]
            parser.add_argument(f"--{parameter.name}", choices=choices, help=text)
        else:
            kind = int if parameter.whole else float
            letter = parameter.name[0].upper()
            parser.add_argument(f"--{parameter.name}", type=kind, metavar=letter, help=text)


def method_parameters(args: argparse.Namespace, method: Method) -> dict[str, Value]:
    """Return a checked value for each parameter of the chosen method.

    Raises
    ------
    InputError
        If an option belongs to another method or its value is out of range.
    """
    given = {name: getattr(args, name) for name in _parameters() if getattr(args, name) is not None}
    own = {parameter.name: parameter for parameter in method.parameters}
    for name in given.keys() - own.keys():
        owners = [other.name for other in METHODS if name in (p.name for p in other.parameters)]
        raise InputError(f"--{name} belongs to --method {' or '.join(owners)}, not to {method.name}")
    for name, value in given.items():
        try:
            own[name].checked(value)
        except InputError as error:
            raise InputError(f"--{name} {own[name].words(value)}: {error}") from error
    return method.completed(given)


def _parameters() -> dict[str, Parameter]:
    return {parameter.name: parameter for method in METHODS for parameter in method.parameters}
