"""The schema as an ordered list of steps; `versions` holds one file per step, run by Alembic.

The list stands here as well, so that a program whose database is up to date need not load Alembic (140 ms).
"""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""Every revision this program knows, oldest first."""

NEWEST = REVISIONS[-1]
