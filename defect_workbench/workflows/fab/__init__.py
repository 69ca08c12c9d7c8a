"""Jobs of a fab: Pareto charts over lots and wafers, and watching the folder into which a tool writes."""
