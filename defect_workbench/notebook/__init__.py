"""The library interface for notebooks and scripts; its names are imported from `defect_workbench.engine`."""
