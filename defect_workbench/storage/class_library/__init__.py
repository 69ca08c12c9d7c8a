"""The file of the class library."""
