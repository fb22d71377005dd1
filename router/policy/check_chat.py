"""Checks chat.yaml: what residents are told first, doors that are told apart, spans in order."""

from __future__ import annotations

from router.policy.check_mail import check_danger, check_filled_in
from router.policy.sources import Sources


def check_chat(sources: Sources) -> None:
    """Complain about texts without what they must say, and about origins that stand twice."""
    if sources.chat is None or sources.chat.model is None:
        return
    document, chat = sources.chat.document, sources.chat.model
    check_danger(document, ("safety",), chat.safety)
    check_filled_in(document, ("closed",), chat.closed, ("opens",))
    for name, door in chat.doors.items():
        for index, origin in enumerate(door.origins):
            if origin in door.origins[:index]:
                message = f"{origin} stands here twice; delete one of them"
                document.complain(("doors", name, "origins", index), message)
    if chat.silence.mail_after > chat.silence.dormant_after + chat.silence.ends_after:
        message = "longer than a silent chat lasts, so nothing is ever mailed; shorten it"
        document.complain(("silence", "mail_after"), message)
