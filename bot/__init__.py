"""Sidelines faces people here: the command line, the connectors and the running process."""
