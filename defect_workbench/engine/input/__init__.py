"""Read images: scan folders, decode formats, and extract instrument metadata."""
