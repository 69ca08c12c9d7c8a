"""Reports: HTML, PDF, figures, contact sheets."""
