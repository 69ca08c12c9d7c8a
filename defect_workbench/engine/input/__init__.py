"""Files to pixels: scanning folders, decoding formats, instrument metadata."""
