"""What works on this machine, for the administrator who installed the program."""
