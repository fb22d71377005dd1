"""Which channels there are, each with the settings and ports it asks for.

Part of the composition root: only this and the daemon know concrete channels and history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from channels.chat.adapter import ChatChannel
from channels.chat.entrance import ChatSettings
from channels.contract import ChannelAdapter
from channels.mail.adapter import MailChannel, MailSettings
from channels.mail.safe_html import safe
from channels.sameness import mail_key
from channels.voice.adapter import VoiceChannel, VoiceSettings
from channels.voice.softphone import Passes
from channels.webform.adapter import WebformChannel, WebformSettings
from router.desk.surroundings import Door
from router.history.contacts import Contacts
from router.history.database import Database
from router.history.past import Past
from router.history.threads import Threads
from router.ports import Blobs, Clock, Ids, Inbox
from router.runtime import practice
from router.runtime.publisher import Publisher
from router.runtime.settings import OFF, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What channels stand on."""

    inbox: Inbox
    ids: Ids
    clock: Clock
    blobs: Blobs
    contacts: Contacts
    database: Database
    publisher: Publisher
    blocked: Callable[[str], bool]  # may this address key, or conversation, not write by chat?
    resident_types: Callable[[str], None]  # tells whoever has the item


def channels_of(
    settings: Settings, secret: bytes, web_root: str, around: Surroundings
) -> tuple[ChannelAdapter, ...]:
    """Return the channels besides mail and chat, built but not started. Errors: `SettingsError`."""
    return (
        _voice(settings, secret, web_root, around),
        _webform(settings, secret, web_root, around),
    )


def softphone_of(settings: Settings) -> Passes | None:
    """Return what gives passes for browsers as telephones; None where none is set up."""
    twilio = settings.twilio
    if twilio.account_sid is None or twilio.api_key_sid is None or twilio.api_key_secret is None:
        return None
    return Passes(
        account_sid=twilio.account_sid,
        key_sid=twilio.api_key_sid,
        key_secret=twilio.api_key_secret.get_secret_value(),
    )


def chat_channel(
    settings: Settings, secret: bytes, web_root: str, around: Surroundings
) -> ChatChannel:
    """Return the chat, built but not started."""
    chat = ChatSettings(
        secret=secret,
        public_url=web_root,
        body_max=settings.limits.body_bytes_max,
        has_demo=settings.is_practice,
    )
    return ChatChannel(
        around.inbox,
        around.ids,
        around.clock,
        chat,
        publisher=around.publisher,
        words=around.contacts.words,
        blobs=around.blobs,
        typing=around.resident_types,
        blocked=around.blocked,
    )


def _voice(
    settings: Settings, secret: bytes, web_root: str, around: Surroundings
) -> ChannelAdapter:
    account = practice.practice_account(settings, secret)
    has_account = settings.twilio.account_sid is not None
    voice = VoiceSettings(
        public_url=web_root,
        account_sid=settings.twilio.account_sid or account.account_sid,
        auth_tokens=settings.webhook_tokens if has_account else (account.auth_token,),
        secret=secret,
        rest_url=settings.twilio.base_url if has_account else account.rest_url,
        fallback_number=settings.twilio.fallback_number or "",
        body_max=settings.limits.body_bytes_max,
    )
    return VoiceChannel(around.inbox, around.ids, voice, around.contacts)


def _webform(
    settings: Settings, secret: bytes, web_root: str, around: Surroundings
) -> ChannelAdapter:
    form = WebformSettings(
        secret=secret, public_url=web_root, body_max=settings.limits.body_bytes_max
    )
    past = Past(around.database).item
    return WebformChannel(around.inbox, around.ids, around.clock, form, past)


def mail_channel(settings: Settings, secret: bytes, around: Surroundings) -> MailChannel:
    """Return mail, built but not started. Errors: `SettingsError`."""
    mail = settings.mail
    host, _, port = mail.smtp_listen.rpartition(":")
    mail_settings = MailSettings(
        secret=secret,
        smtp_host="" if mail.smtp_listen == OFF else host,
        smtp_port=0 if mail.smtp_listen == OFF else int(port),
        smtp_certificate=mail.smtp_listen_certificate,
        smtp_key=mail.smtp_listen_key,
        smtp_tls_required=mail.smtp_listen_tls,
        hostname=mail.hostname,
        size_bytes_max=mail.bytes_max,
        imap_url=mail.imap_url or "",
        imap_password=mail.imap_password.get_secret_value() if mail.imap_password else "",
        imap_ca_file=mail.imap_ca_file,
        imap_poll_s=mail.imap_poll_s,
        smtp_url=mail.smtp_url or "",
        smtp_password=mail.smtp_password.get_secret_value() if mail.smtp_password else "",
        smtp_ca_file=mail.smtp_ca_file,
        smtp_tls=mail.smtp_tls,
        outbox=settings.data_dir / "outbox" if settings.is_practice else None,
    )
    return MailChannel(
        around.inbox,
        around.ids,
        around.clock,
        around.blobs,
        mail_settings,
        around.contacts.words,
        Threads(around.database).past,
    )


def key_of(secret: bytes) -> Callable[[str], str]:
    """Return what makes the address key of a mail address."""
    return lambda address: mail_key(secret, address)


def render_html(html: str, *, remote: bool, pictures: Mapping[str, str]) -> str:
    """Return the HTML of a resident's mail as a page that is safe to look at."""
    found = safe(html, remote=remote, pictures=pictures)
    return (
        '<!doctype html><html><head><meta charset="utf-8"><title>Mail</title></head>'
        f"<body>{found.html}</body></html>"
    )


def imap_door(mail: MailChannel) -> Door | None:
    """Return how it stands with the mailbox that is fetched from; None when none is."""
    standing = mail.imap_standing
    if standing is None:
        return None
    return Door("imap", standing.state.value, standing.why, standing.since)
