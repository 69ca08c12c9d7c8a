"""Image records, instrument metadata, measurements, preprocessing settings."""
