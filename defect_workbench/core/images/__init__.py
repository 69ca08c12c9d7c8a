"""What is known of each image: its record, its instrument's metadata, its measurements."""
