"""Tests of the window around its panels: sizes, keyboard, names."""
