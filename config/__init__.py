"""What can be set, and the data that comes with the program."""
