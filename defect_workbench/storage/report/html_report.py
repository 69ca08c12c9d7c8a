"""Reports as HTML: one self-contained file, rendered from the templates beside this module."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.storage.report.report_content import EncodedImage, Report

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).with_name("templates")


def html_text(report: Report) -> str:
    """Return a report as a self-contained page."""
    return render("report.html.j2", report=report)


def render(template: str, **values: object) -> str:
    """Return a rendered template; all values are escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["data_uri"] = _data_uri
    return environment


def _data_uri(picture: EncodedImage) -> str:
    return f"data:image/{picture.file_type};base64,{base64.b64encode(picture.data).decode('ascii')}"
