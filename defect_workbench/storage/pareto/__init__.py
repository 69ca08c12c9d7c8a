"""Pareto charts as files: figures, tables, pages of the report, slides; counts from result folders."""
