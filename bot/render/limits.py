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

SLACK_BUTTONS = 25
"""Elements of an actions block: `elements_max_length` in slack_sdk/models/blocks/blocks.py."""

SLACK_LABEL, SLACK_VALUE, SLACK_URL = 75, 2_000, 3_000
"""A button's text, value and address: ButtonElement in slack_sdk/models/blocks/block_elements.py."""

# Discord ----------------------------------------------------------------------------------------------------
# Of embeds and content: https://discord.com/developers/docs/resources/message ("Embed Limits", "Create Message");
# of buttons: https://discord.com/developers/docs/components/reference. What Discord counts includes the Markdown.

DISCORD_EMBEDS = 10
"""Embeds of a message. Those with one address are shown as one, so each address is used once."""

DISCORD_EMBEDS_TEXT = 5_800
"""Titles, descriptions, footers and authors of all embeds of a message; Discord takes 6,000."""

DISCORD_TITLE, DISCORD_DESCRIPTION = 256, 4_096
"""Texts of one embed; its footer (2,048) and author (256) hold our few words whatever they are."""

DISCORD_LEAD = 1_500
"""All texts of an embed that leads a message or a story. Ours: more than that is not taken in at a glance."""

DISCORD_ELEMENTS = 150
"""Links, styles, emoji and lines of one text. Clients cut a text short at about 200 of them:
https://github.com/discord/discord-api-docs/issues/8501 (40 times five), and
https://github.com/discord/discord-api-docs/issues/6932 (100 times two)."""

DISCORD_CONTENT = 2_000
"""The `content` of a message."""

DISCORD_ROWS, DISCORD_ROW_BUTTONS = 5, 5
"""Rows of buttons of a message, and buttons of a row."""

DISCORD_LABEL, DISCORD_CUSTOM_ID, DISCORD_BUTTON_URL = 80, 100, 512
"""A button's text, identifier (unique in its message) and address."""

DISCORD_URL = 1_000
"""The address of any other link. Discord states no limit; ours leaves room for the words that it belongs to."""

# What we show of what has no limit of its own ----------------------------------------------------------------

TITLE = 300
"""A headline, section heading or topic; longer is no headline, and one link must fit any message whole."""

SOURCE = 100
"""The name of a source."""


def units(text: str) -> int:
    """How long a text is, in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
