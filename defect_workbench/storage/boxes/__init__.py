"""Boxes drawn by people around defects, as files of other programs have them."""
