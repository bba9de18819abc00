"""What somebody of one workspace may try on the numbers of another's, on any platform that has buttons."""

FORGED = (
    "unsubscribe {number}",
    "pause {number}",
    "resume {number}",
    "reschedule {number} hourly",
    "reschedule {number}",
    "preview {number}",
    "post {number}",
    "post story {article}",
    "brief {article}",
    "brief {article}/0",
    "more {article}",
    "wrong {article}/0",
    "why {article}",
    "topic remove Cranes",
    "unsubscribe harbour",
)
"""Commands about the subscription `number`, of the topic "harbour", the article `article` and the topic "Cranes"."""
