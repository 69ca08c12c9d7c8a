"""What goes wrong around and during a job."""
