"""What Slack's refusals mean for a delivery, and the sentence that names the next step. Pure.

Codes are those of https://docs.slack.dev/reference/methods/chat.postMessage#errors and of the reading methods.
"""

from datetime import timedelta

from bot.connectors import ChannelGone, DeliveryError, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure

RETRY_AFTER = timedelta(seconds=30)
"""The pause when Slack asks for one without saying how long."""
LONGEST_PAUSE = 3600.0
"""Seconds; no pause that a header asks for is kept longer."""

ARCHIVED = "That channel is archived; unarchive it, or choose another channel."
GONE = {
    "not_in_channel": "Sidelines is not in that channel; type `/invite @Sidelines` there.",
    "user_not_in_channel": "Sidelines is not in that channel; type `/invite @Sidelines` there.",
    "channel_not_found": "Slack shows Sidelines no such channel: it is deleted or private; invite Sidelines there with "
    "`/invite @Sidelines`, or choose another channel.",
    "is_archived": ARCHIVED,
    "restricted_action": "A setting of the workspace keeps Sidelines from posting there; ask a workspace admin "
    "to permit it.",
    "restricted_action_read_only_channel": "Only some people may post in that channel; ask a workspace admin to add "
    "Sidelines to them.",
    "restricted_action_thread_only_channel": "That channel takes replies only; choose another channel.",
    "restricted_action_non_threadable_channel": "That channel takes no replies; choose another channel.",
    "restricted_action_thread_locked": "That thread is locked; ask a workspace admin to open it.",
    "account_inactive": "Sidelines was removed from the workspace; an admin can install it again.",
    "token_revoked": "The workspace took its permission back; an admin can install Sidelines again.",
    "token_expired": "The token of the workspace has expired; an admin should install Sidelines again.",
    "invalid_auth": "Slack does not accept the token; an admin should install Sidelines again, or the operator set "
    "SLACK_BOT_TOKEN anew.",
    "not_authed": "No token was sent; the operator should set SLACK_BOT_TOKEN.",
    "missing_scope": "Sidelines lacks a permission; an admin should install it again with the manifest that comes with "
    "it.",
    "no_permission": "Sidelines lacks a permission there; ask a workspace admin to permit it.",
    "ekm_access_denied": "The administrators have suspended access to messages; ask a workspace admin.",
    "access_denied": "The administrators do not permit this; ask a workspace admin.",
    "team_access_not_granted": "Sidelines may not work in that workspace; ask an admin of the organisation to add it.",
    "user_not_found": "Slack knows no such person in this workspace; choose a channel.",
    "cannot_dm_bot": "Bots cannot be written to; choose a channel.",
    "messages_tab_disabled": "Direct messages to Sidelines are switched off; the operator should switch the Messages "
    "tab on in the app's settings.",
}
"""Somebody has to act first: pause and tell."""

REFUSED = {
    "msg_too_long": "Slack found the message too long.",
    "msg_blocks_too_long": "Slack found the message too long.",
    "invalid_blocks": "Slack did not accept the layout of the message.",
    "invalid_blocks_format": "Slack did not accept the layout of the message.",
    "no_text": "Slack found no text in the message.",
    "too_many_attachments": "Slack found too many attachments in the message.",
    "invalid_arguments": "Slack did not accept the message.",
    "thread_not_found": "The message that this answers was deleted.",
    "message_not_found": "The message was deleted.",
    "cant_update_message": "Slack lets only who wrote a message edit it.",
    "edit_window_closed": "The workspace lets messages be edited for a short time only.",
    "cannot_reply_to_message": "The message that this answers takes no replies.",
    "metadata_too_large": "Slack found what marks the message too large.",
}
"""Never this content, in this form."""

TEMPORARY = {
    "request_timeout": "The request reached Slack cut short.",
    "team_added_to_org": "Slack is moving the workspace into an organisation, which takes a while.",
    "accesslimited": "Slack is unavailable for the moment.",
}
"""Nothing was done; worth another try."""

IN_DOUBT = {"fatal_error", "internal_error", "service_unavailable"}
"""Slack failed within: "some aspect of the operation" may have succeeded, as its pages on the first two say."""

TOO_FAST = {"ratelimited", "rate_limited", "message_limit_exceeded"}

POSTING = {"chat.postMessage", "chat.postEphemeral"}
"""Methods that show something anew each time they are called; the others may be repeated."""


class Expired(ChannelGone):
    """The token has expired; another one may be had."""


def refusal(
    method: str, status: int, code: str | None, *, pause: str | None = None, needed: str | None = None
) -> DeliveryError:
    """The error for an answer of Slack's that is not "ok": its status, its code, and its Retry-After header.

    `needed` is the permission that Slack names with `missing_scope`.
    """
    if status == 429 or code in TOO_FAST:
        return RateLimited("Slack asks for a pause.", _pause(pause))
    if code in IN_DOUBT or (code is None and status not in range(400, 500)):
        said = f"Slack answered {code or f'with status {status}'}"
        if method in POSTING:
            return OutcomeUnknown(f"{said}, so the message may be posted or not.")
        return TemporaryFailure(f"{said}; it usually works again after a while.")
    if code == "missing_scope" and needed:
        return ChannelGone(
            f"Sidelines lacks the permission {needed}; an admin should install it again with the manifest that comes "
            "with it."
        )
    if code == "token_expired":
        return Expired(GONE[code])
    if code in GONE:
        return ChannelGone(GONE[code])
    if code in REFUSED:
        return PayloadRefused(f"{REFUSED[code]} ({code})")
    if code in TEMPORARY:
        return TemporaryFailure(TEMPORARY[code])
    return ChannelGone(
        f"Slack refused with {code or f'status {status}'}; the operator should look that up for {method}."
    )


def _pause(header: str | None) -> timedelta:
    """The pause asked for, in whole or broken seconds; a header that is no number counts as none."""
    try:
        seconds = float(header or "")
    except ValueError:
        return RETRY_AFTER
    return timedelta(seconds=min(seconds, LONGEST_PAUSE)) if seconds >= 0 else RETRY_AFTER
