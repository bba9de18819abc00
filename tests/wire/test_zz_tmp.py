import asyncio
from tests.wire.office import *
async def test_all(opened, slack):
    office = await opened("oauth")
    for team, ch, who in ((TEAM, WORLD, KIM), (OTHER, BOLT, MAX)):
        try:
            print(await office.type(who, "latest", ch, team))
        except TimeoutError:
            for c in slack.calls: print(c.method, c.team, c.status, str(c.answer)[:150])
            for t in office.work: print(t)
            raise
    with office.storage.database.engine.connect() as c:
        print(c.exec_driver_sql("select team_id, bot_token from slack_bots").fetchall())
    done = await slack.uninstall(TEAM)
    await office.quiet()
    with office.storage.database.engine.connect() as c:
        print(c.exec_driver_sql("select team_id from slack_bots").fetchall())
    await office.restart()
    print(await office.type(MAX, "latest", BOLT, OTHER))
