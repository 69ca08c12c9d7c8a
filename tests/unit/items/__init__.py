"""Tests of defects as items."""
