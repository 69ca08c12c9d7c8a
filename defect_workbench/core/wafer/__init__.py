"""Wafers, where defects lie on them, and the inspection files that say so."""
