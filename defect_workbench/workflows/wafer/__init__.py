"""Jobs about places on wafers."""
