"""What the chat platforms take in one message, each number with where it stands; renderers and connectors use no other.

Lengths are counted in UTF-16 units (`units`), the larger count of those that platforms use: an emoji is two.
"""

# Slack ------------------------------------------------------------------------------------------------------

SLACK_BLOCKS = 45
"""Blocks of a message; Slack takes 50. https://docs.slack.dev/reference/block-kit/blocks"""

SLACK_VIEW_BLOCKS = 100
"""Blocks of a modal or Home tab: `blocks_max_length` in slack_sdk/models/views/__init__.py."""

SLACK_BLOCK_TEXT = 2_900
"""Text of one block. Slack takes 3,000 in a section: https://docs.slack.dev/reference/block-kit/blocks/section-block.
It states none for rich text, which is held to the same."""

SLACK_LEAD_TEXT = 2_999
"""Text of a message that may be edited later; over 4,000 it cannot be: https://docs.slack.dev/reference/methods/chat.update"""

SLACK_MESSAGE = 12_000
"""All of a message's blocks. `msg_blocks_too_long` came at 13,172 characters and more of text
(https://github.com/slackapi/bolt-js/issues/2509), with rich text at 11,341 of text, containers counting too
(https://github.com/slackapi/bolt-js/issues/2867): so the blocks are counted as JSON, addresses and braces included."""

SLACK_TEXT = 40_000
"""The `text` beside the blocks; `text_max_length` in slack_sdk/models/messages/message.py."""

SLACK_BUTTONS = 25
"""Elements of an actions block: `elements_max_length` in slack_sdk/models/blocks/blocks.py."""

SLACK_LABEL, SLACK_VALUE, SLACK_URL = 75, 2_000, 3_000
"""A button's text, value and address: ButtonElement in slack_sdk/models/blocks/block_elements.py."""

# What we show of what has no limit of its own ----------------------------------------------------------------

TITLE = 300
"""A headline, section heading or topic; longer is no headline, and one link must fit any message whole."""

SOURCE = 100
"""The name of a source."""


def units(text: str) -> int:
    """How long a text is, in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
