"""Generated pictures for the sample set and the tests."""
