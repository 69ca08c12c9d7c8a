"""The Pareto tab: counts of classes by lot, wafer, tool or time."""
