"""The Pareto tab."""
