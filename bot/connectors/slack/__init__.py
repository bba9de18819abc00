"""Slack: Socket Mode or signed HTTP requests, one workspace by its token or many by OAuth.

`api` calls Slack, `people` knows who somebody is, `replying` shows replies, `serving` is the line to Slack, and each
module of ways in (`incoming`, `modals`, `home`, `assistant`, `shortcuts`) is a `register(app, parts)`.
"""
