"""Slides: a project as a PowerPoint file."""
