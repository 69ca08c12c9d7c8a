"""Defects as items: found in their images, cut out, and described one by one."""
