"""The actions, in modules by subject; `gui.window.actions.registry` lists them."""
