"""Rich text in the window is built in one way, which escapes what it contains."""

import ast
import re
from pathlib import Path

from defect_workbench import gui
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.gui.shared.rich_text import bold, class_link, coloured, key_meaning, link

GUI = Path(gui.__file__).parent
TAG = re.compile(r"</?[a-z][a-z0-9]*[ />]|<[a-z][a-z0-9]*$")
NAME = "<i>\"oxide\" & 'void'</i>"
ESCAPED = "&lt;i&gt;&#34;oxide&#34; &amp; &#39;void&#39;&lt;/i&gt;"


def test_tags_are_put_together_in_no_f_string_of_the_window() -> None:
    found = [
        f"{path.relative_to(GUI)}:{node.lineno}"
        for path in sorted(GUI.rglob("*.py"))
        if path.name != "rich_text.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        for part in node.values
        if isinstance(part, ast.Constant) and TAG.search(str(part.value))
    ]
    assert found == []


def test_names_are_escaped_in_bold_type_links_and_legends() -> None:
    unbroken = ESCAPED.replace(" ", "&nbsp;")
    assert bold(NAME) == f"<b>{ESCAPED}</b>"
    assert link(NAME, NAME) == f'<a href="{ESCAPED}">{ESCAPED}</a>'
    assert key_meaning("A", NAME) == f"<b>A</b>&nbsp;{unbroken}"
    square = coloured("■", "#aa0000")
    assert class_link("A", NAME, square, "#000000") == (
        '<a href="A" style="color:#000000; text-decoration:none">'
        f'<span style="color:#aa0000">■</span>&nbsp;<b>A</b>&nbsp;{unbroken}</a>'
    )


def test_only_a_tooltip_that_may_be_read_as_markup_is_escaped() -> None:
    assert plain_tip("size < 5 µm & round") == "size < 5 µm & round"
    assert ESCAPED in plain_tip(NAME)
