"""The main window: layout, actions, menus."""
