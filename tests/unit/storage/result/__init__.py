"""Result folders."""
