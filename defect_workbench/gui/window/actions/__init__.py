"""Everything a user can do from a menu, the tool bar or a shortcut, as data."""
