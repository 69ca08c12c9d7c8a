"""Boxes that people drew around defects, as files of other programs have them."""
