"""Jobs beside the tools of a fab: watching the folder into which a tool writes."""
