"""One process serves Discord and Slack from one database: the same topic brings both the same sentences."""

from datetime import timedelta

from tests.servers.slack import SlackServer
from tests.wire.guild_office import GuildOffice, text_of
from tests.wire.office import KIM, TEAM, WORLD, furnish

SENTENCES = (
    "The prime ministers of Norland and Westmark met for forty minutes on the sidelines of the G7 summit on Saturday.",
    "The quarrel began when Westmark taxed timber from Norland at 18 percent in 2019.",
    "Builders in Westmark have ordered timber for 1,100 houses.",
)


async def test_a_topic_subscribed_on_both_is_told_in_the_same_sentences(guilds: GuildOffice, slack: SlackServer):
    await guilds.stop()
    furnish(slack, installed=True)
    tokens = {"SLACK_BOT_TOKEN": f"xoxb-{TEAM}", "SLACK_APP_TOKEN": slack.app_token}
    guilds.settings |= {"SLACK_API_URL": slack.api_url, **tokens}
    reached = slack.socket()
    await guilds.start()
    await reached.connected()
    guilds.subscribe("G7", due=timedelta())
    place = f"slack:{TEAM}:#{WORLD}"
    guilds.subscribed(f"slack:{TEAM}", place, "G7", due=timedelta(), when="daily at 9", by=KIM)
    await guilds.slash(guilds.kim, "help")
    await guilds.discord.wait_for(lambda: guilds.discord.posts(guilds.world))
    await slack.wait_for(lambda: slack.posts(WORLD))
    await guilds.quiet()
    on_discord = text_of(guilds.discord.posts(guilds.world))
    on_slack = "\n".join(post.shown for post in slack.posts(WORLD))
    for sentence in SENTENCES:
        assert sentence in on_discord
        assert sentence in on_slack
