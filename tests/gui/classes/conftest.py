"""A small session that opens fast."""

from tests.gui.decisions.conftest import opened as opened
