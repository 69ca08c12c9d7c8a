"""Jobs about lots and wafers."""
