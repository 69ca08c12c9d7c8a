"""The small session of the tests of decisions."""

from tests.gui.decisions.conftest import opened as opened
