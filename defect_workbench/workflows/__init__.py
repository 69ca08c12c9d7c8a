"""The jobs of the program, which combine engine and storage; used by the window and the commands. No Qt."""
