"""Bounces in words, as mail systems wrote them before RFC 3464 and some still do.

Two questions: does a mail read like a bounce, and which recipients does it name with which words
of a server. The wording of some sixty mail systems was looked at; what they share is written
down here, not each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from channels.mail.message import Failure, Mail
from channels.mail.reports import FAILURES_MAX, diagnosis, permanence, reason_of
from channels.sameness import normalise

_SUBJECT: Final = re.compile(
    r"(?i)^(?:\*+\s*|\[[^\]]{1,30}\]\s*)?(?:"
    r"undeliver|returned (?:mail|to sender|e-?mail|message)|return(?:ing|ed) (?:to|message)"
    r"|(?:e-?)?mail (?:delivery|system|not delivered|could not|failure|error|undeliver|transaction"
    r"|returned|status|has been (?:rejected|blocked))|mail[- ]?error|mdaemon (?:notification"
    r"|warning)"
    r"|deliver(?:y|ed)[ :-]*(?:status|notif|fail|report|problem|error|has|delayed|unsuccess|to "
    r"|final|attempt|incomplete|issue|warning|impossible)|failure (?:notice|notification|delivery)"
    r"|failed (?:mail|deliver|message|e-?mail)|fail(?:ure|ed) to deliver|non[- ]?deliver"
    r"|message (?:deliver|undeliver|not deliver|you sent|could not|has been (?:blocked|rejected)"
    r"|delayed|status|failed|rejected|from)|unable to deliver|unsuccessful|could not (?:send"
    r"|deliver)"
    r"|couldn.t deliver|cannot deliver|can.t deliver|there was an error sending|error sending"
    r"|user unknown|unknown (?:user|recipient|address)|rejected|wrong address|notification:? "
    r"|warning: (?:could|message|e?-?mail)|delayed mail|postmaster notify|dsn\b|ndn\b|ndr\b"
    r"|status of your (?:mail|message)|problems? delivering|considered unsolicited|abuse report"
    r"|mailbox (?:full|unavailable|not found)|your (?:e-?mail|message) (?:was|could|has|to)"
    r"|unzustellbar|nicht zustellbar|zustell|fehler bei der (?:zu|über)|rückläufer"
    r"|mail(?:zustellung)?fehler"
    r"|non[- ]remis|[ée]chec|avis de non|courrier non|impossible de remettre"
    r"|n.a pas (?:[ée]t[ée]|pu)"
    r"|no se (?:ha |puede|pudo)|correo no entregado|no entregado|error de entrega"
    r"|notificaci[óo]n de"
    r"|mancata consegna|impossibile recapitare|onbestelbaar|niet bezorgd|onaflever"
    r"|n[ãa]o entregue|falha (?:na|de) entrega|niedostarcz|niedor[ęe]cz|nedoru[čc]|k[ée]zbes[íi]t"
    r"|olevererbar|kan ikke leveres|toimitus|недоставлен|не доставлен|ошибка доставки"
    r"|メールエラー|配信|送信エラー|エラーメール|メール送信"
    r"|退信|系统退信|退件|无法投递|無法投遞|반송|전송 ?실패"
    r")"
)
_SURE_SUBJECT: Final = re.compile(
    r"(?i)(?:undeliver(?:able|ed)(?: (?:mail|message))?(?:$|:| returned)|returned mail:"
    r"|mail (?:delivery (?:fail|status|sub)|system error)|delivery status notification"
    r"|delivery fail(?:ure|ed)|failure notice|message undeliver|mail could not be delivered)"
)
_DELAY_SUBJECT: Final = re.compile(
    r"(?i)\b(?:warning|delay|verzögert|retard[ée]|retraso|vertraag|in ritardo|deferred)"
)
_OPENING: Final = re.compile(
    r"(?i)(?:this is the (?:mail|qmail|postfix|dragonfly|mailer|.{0,40}mail (?:agent|system"
    r"|server))"
    r"|hi[.!]? this is the|created automatically by (?:the )?(?:mail|internet)"
    r"|automatically generated (?:delivery status|message from|by the mail)"
    r"|(?:mail|message|e-mail)[^.\n]{0,40} (?:(?:could|can|was|has|did|were|is)(?: ?no|n.)t"
    r"|cannot|couldn.t)[^.\n]{0,12} (?:be )?(?:been )?(?:deliver|reach|sent|accepted)"
    r"|could(?: no|n.)t be (?:successfully )?delivered|not delivered to|(?:un)?able to deliver"
    r"|delivery (?:to|has) (?:the )?[^\n]{0,60}(?:fail|abort|delayed|suspended)|delivery failed"
    r"|delivery (?:failure|error|status notification)|wasn.t able to deliver|trouble delivering"
    r"|(?:were|was|are|am|is) unable to deliver|error deliver|problem deliver|fail(?:ed"
    r"|ure) to deliver"
    r"|following (?:e-?mail )?(?:address(?:es)?|recipients?)[^\n]{0,40} (?:had|fail|reject"
    r"|has|have|was|were)"
    r"|permanent (?:fatal )?(?:delivery )?error|delivery errors|transcript of session"
    r"|original message was received at|rejected by (?:a|the) (?:remote|recipient)|undeliverable"
    r"|invalid (?:final delivery|user|recipient)|user(?: is)? unknown|unknown user"
    r"|no such (?:user|mailbox)"
    r"|mailbox (?:is )?(?:full|unavailable|not found)|over ?quota|quota exceeded"
    r"|message (?:was )?rejected"
    r"|rejected (?:your|the following) message|group (?:that )?you tried to contact|does not exist"
    r"|zugestellt werden|unzustellbar|n.a pas pu [êe]tre (?:remis|d[ée]livr|envoy|achemin)"
    r"|(?:se ha podido|se pudo|pudo ser|puede ser|ha podido ser) entrega"
    r"|possibile (?:consegnare|recapitare)"
    r"|consegn(?:ato|are)|n[ãa]o (?:p[ôo]de|foi|p[ôo]de ser) (?:ser )?entreg"
    r"|worden (?:bezorgd|afgeleverd)"
    r"|dostarcz|не (?:было|может быть|удалось) достав)"
    r"|送信できません|お届けでき|配送でき|配信でき|届けることができ|存在しません|見つかりません"
    r"|无法(?:投递|送达|传送)|無法(?:投遞|送達|傳送)|전송(?:하지|되지|할)"
)
_OPENING_WITHIN: Final = 2_500
_TOLD_MAX: Final = 65_536  # letters of a text that are looked at
_LINE_MAX: Final = 2_000
_RETURNED_SUBJECT: Final = re.compile(r"(?i)(?:returned|undeliver|unable|fail)")
_TRANSCRIPT: Final = re.compile(
    r"(?im)^[^\n]{0,12}(?:<<<|>>>) ?(?:[45]\d\d|RCPT TO|MAIL FROM|DATA)"
)
_SERVER_LINE: Final = re.compile(r"(?m)^[ \t>]*<<<[ \t]*([45]\d\d[^\n]*)")
_FORWARDED_SUBJECT: Final = re.compile(r"(?i)\s*(?:fwd?|wg|tr|rv)\s*:\s*")
_FORWARD: Final = re.compile(
    r"(?im)^[ \t>-]*(?:begin forwarded message|forwarded message|original message"
    r"|weitergeleitete nachricht|message transf[ée]r[ée])[ \t:-]*$"
)
_OWN_WORDS_MAX: Final = 6
_DELAY_TEXT: Final = re.compile(
    r"(?i)(?:will (?:be retried|keep trying|continue to|try again|be attempted)"
    r"|warning (?:message )?only"
    r"|temporary failure report|(?:do not|don.t) need to re-?send|(?:has been|is|was) delayed"
    r"|not yet been delivered|still (?:in the queue|being tried|trying)"
    r"|delivery attempts will continue"
    r"|no action is required|wird weiterhin versucht|werden fortgesetzt|sera retent|se seguir[áa])"
)
_FINAL: Final = re.compile(
    r"(?i)permanent (?:fatal )?(?:error|failure)|given up|giving up|not going to try again"
    r"|will be deleted from queue|no further (?:delivery )?attempts|too long|aborted after"
)
_TEMPORARY: Final = re.compile(
    r"(?i)temporar|try again later|retry timeout|vorübergehend|temporaire|temporal"
)
# Where the returned mail begins.
_RETURNED: Final = re.compile(
    r"(?im)^[ \t>*_=#~-]*+(?:"
    r"[^\n]{0,40}\bcopy of (?:the|your) (?:original )?(?:message|mail|letter|e-mail)"
    r"|(?:the )?(?:header(?:s)? of (?:the|your) )?(?:original|unsent|returned|undelivered"
    r"|rejected|failed)"
    r" (?:mail|message|e-mail)(?: (?:headers?|follows?|text|is|attached|returned|body"
    r"|contents?)\b[^\n]*)?[ \t:.=*_-]*$"
    r"|message headers? follows?|headers? of the original message|included is a copy"
    r"|(?:the )?(?:original |returned )?message(?: headers?)? follows|below this line"
    r"|(?:first|the) [\w ]{0,20}lines of the (?:original )?message|enclosed is a copy"
    r"|start of (?:the )?(?:returned|original)|begin forwarded|returned message"
    r"|(?:return-path|received|x-[\w-]+|dkim-signature)[ \t]?:[ \t]*\S"
    r")"
)
_ADDRESS: Final = re.compile(
    r"(?:rfc822;\s*)?[<\"'(]?\b([\w.!#$%&*+/=?^`{|}~'-]{1,64}@(?:[\w-]+\.)*[\w-]{2,}"
    r"|[\w.+-]{1,64}@\[[\d.]+\])"
)
# How a line announces that its address is the recipient, the surest first.
_ANNOUNCED: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        r"^[ \t*>-]*+(?:final[- ]recipient|original[- ]recipient)[ \t]*:[^\n]{0,300}@",
        r"^[^\n]{0,300}?(?:rcpt to|failed recipient|recipient(?:\(s\))?(?: address)?"
        r"|delivery failed|addressee"
        r"|could not be delivered to|unable to deliver(?: message)? to|destinataire|empfänger"
        r"|delivering your mail to|rejected recipient|intended recipient|wurde nicht zugestellt an"
        r"|final delivery userid|undeliverable to|failed address|not delivered to|user not known)"
        r"[^\n]{0,300}@",
        r"^[ \t]*+[\"<][^<>\s\"]{1,64}@[^<>\s\"]{1,255}[\">]",
        r"^[ \t*>•·-]*+[^\s<>@:]{1,64}@[^\s<>@:]{1,255}(?:[ \t]*+(?:$|[:(\[,])"
        r"|[ \t]++(?:-|invalid|unknown|user|on|by|at|was|has|is|not|<))",
        r"^[^\n]{0,80}<[^<>\s]{1,64}@[^<>\s]{1,255}>",
        r"^[^\n]{0,500}?@",
    )
)
_SERVER_WORDS: Final = re.compile(
    r"(?i)<<<|said:|respon|reason|error|diagnos|failed|rejected|unknown|full|quota|refused|denied"
    r"|not exist|timed? ?out|unreachable|could not|unable|expired"
)


class Reading(NamedTuple):
    """How much a mail reads like a bounce."""

    has_subject: bool
    has_sure_subject: bool  # one that nobody but a mail system writes
    has_opening: bool
    has_reply_code: bool
    has_returned: bool  # a copy of a mail, or of its headers, stands in the text
    is_delay: bool
    is_forward: bool  # somebody passes on a bounce without saying anything


def read_words(mail: Mail) -> Reading:
    """Say which marks of a bounce the words of a mail bear."""
    told = _told(mail)
    opening = told[:_OPENING_WITHIN]
    is_final = bool(_FINAL.search(opening) or _RETURNED_SUBJECT.match(mail.subject))
    is_late = bool(_DELAY_TEXT.search(opening) or _DELAY_SUBJECT.search(mail.subject))
    return Reading(
        has_subject=_SUBJECT.match(mail.subject) is not None,
        has_sure_subject=_SURE_SUBJECT.match(mail.subject) is not None,
        has_opening=_OPENING.search(opening) is not None,
        has_reply_code=any(diagnosis("", told)),
        has_returned=len(told) < min(len(mail.text), _TOLD_MAX)
        or _TRANSCRIPT.search(told) is not None,
        is_delay=is_late and not is_final,
        is_forward=_is_bare_forward(mail),
    )


def _is_bare_forward(mail: Mail) -> bool:
    """Say whether the mail is a forwarded bounce with no more than a few words before it.

    Whoever asks something writes more than that, or a question mark.
    """
    forward = _FORWARD.search(mail.text, 0, _TOLD_MAX)
    subject = _FORWARDED_SUBJECT.match(mail.subject)
    if forward is None or subject is None or not _SUBJECT.match(mail.subject[subject.end() :]):
        return False
    own_words = mail.text[: forward.start()]
    return len(own_words.split()) <= _OWN_WORDS_MAX and "?" not in own_words


def top_of(text: str) -> str:
    """Return the text before the mail that it returns; all of it when that comes first."""
    start = _RETURNED.search(text)
    return text[: start.start()] if start and text[: start.start()].strip() else text


def find_failures(mail: Mail) -> tuple[Failure, ...]:
    """Return the recipients a bounce names in words, with what was said about each.

    Ourselves and the mail system do not count. Nobody named: one failure with an empty recipient.
    """
    told = _told(mail)
    named = list(_listed(mail)) or list(_announced(mail, told))
    if not named:
        return (_failure("", told, told),)
    starts = sorted(_position(told, address) for address in named)
    return tuple(
        _failure(address, _about(told, _position(told, address), starts), told)
        for address in named[:FAILURES_MAX]
    )


def _told(mail: Mail) -> str:
    """Return the words of the report, out of the quotation where somebody forwards one."""
    text = mail.text[:_TOLD_MAX]
    forward = _FORWARD.search(text) if _is_bare_forward(mail) else None
    if forward is None:
        return top_of(text)
    inside = text[forward.end() :]
    lines = (line.removeprefix(">").removeprefix(" ") for line in inside.split("\n"))
    return top_of("\n".join(lines))


def _listed(mail: Mail) -> Iterator[str]:
    """Recipients in the header that exim and others write."""
    for name, value in mail.headers:
        if name in ("x-failed-recipients", "x-failed-recipient", "x-actual-recipient"):
            yield from dict.fromkeys(_ADDRESS.findall(value))


def _announced(mail: Mail, told: str) -> Iterator[str]:
    spared = {normalise(address.address) for address in (*mail.to, *mail.cc)}
    if mail.sender is not None:
        spared.add(normalise(mail.sender.address))
    for pattern in _ANNOUNCED:
        seen: dict[str, str] = {}
        for match in pattern.finditer(told):
            end = told.find("\n", match.start() + 1)
            line = told[match.start() : end if end >= 0 else len(told)]
            for address in _ADDRESS.findall(line[:_LINE_MAX]):
                key = normalise(address)
                if key not in spared:
                    seen.setdefault(key, address.rstrip("."))
        if seen:
            yield from seen.values()
            return


def _position(told: str, address: str) -> int:
    return max(0, told.find(address))


def _about(told: str, start: int, starts: list[int]) -> str:
    """Return the text from one recipient to the next."""
    later = [position for position in starts if position > start]
    line = told.rfind("\n", 0, start) + 1
    return told[line : told.rfind("\n", 0, later[0]) + 1 if later else len(told)] or told[start:]


def _failure(address: str, words: str, told: str) -> Failure:
    own = words.replace(address, " ") if address else words
    server = _SERVER_LINE.search(words) or _SERVER_LINE.search(told)
    status, code = diagnosis("", server[1] if server else own)
    if not status and not code:
        status, code = diagnosis("", told)
        own = told if status or code else own
    permanent = permanence(status, code)
    if permanent is None and (address or _FINAL.search(told)):
        permanent = _TEMPORARY.search(told) is None
    return Failure(address, status, code, reason_of(_server_words(own)), permanent)


def _server_words(words: str) -> str:
    """Return the paragraph that says why, else the first that says anything."""
    paragraphs = [piece for piece in re.split(r"\n[ \t]*\n", words) if piece.strip(" \n<>:*-=\"'")]
    telling = (piece for piece in paragraphs if any(diagnosis("", piece)))
    worded = (piece for piece in paragraphs if _SERVER_WORDS.search(piece))
    return next(telling, "") or next(worded, "") or (paragraphs[0] if paragraphs else "")
