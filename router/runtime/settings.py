"""Settings: ports, paths, addresses and secrets from `TOWNLINE_*` variables or `.env`.

What the town's rules are stands in YAML (the policy); what differs from machine to machine stands
here. A `Settings` never changes after the start. `environment` reads it, `secret` makes what is
missing; this module only says what there is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from router.runtime import redis_address

OFF: Final = "off"


def _without_slash(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"} or not rest.strip("/"):
        raise ValueError("must begin with https:// or http:// and name a host")
    if any(mark in rest for mark in "?# "):
        raise ValueError("must hold no query, fragment or space")
    return url.rstrip("/")


def _in_e164(number: str) -> str:
    digits = number.removeprefix("+")
    is_number = digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15
    if digits == number or not is_number:
        raise ValueError("must be a + and 8 to 15 digits without spaces")
    return number


def _issuer(address: str) -> str:
    url = urlsplit(address)
    is_here = url.hostname in {"127.0.0.1", "::1", "localhost"}
    if not url.hostname or url.scheme not in ({"http", "https"} if is_here else {"https"}):
        raise ValueError("must begin with https:// and name a host; http:// on this machine only")
    if url.query or url.fragment or " " in address:
        raise ValueError("must hold no query, fragment or space")
    return address  # a slash at its end counts: the provider names itself letter by letter


def _journal(secret: SecretStr) -> SecretStr:
    address = secret.get_secret_value()  # of a Redis it may hold a password
    if redis_address.is_watched(address):
        redis_address.watched(address)
    if redis_address.is_redis(address):
        return secret
    if not address.startswith("sqlite:") or address == "sqlite:":
        raise ValueError(
            "must be sqlite: and a path, as in sqlite:/var/lib/townline/journal.sqlite,"
            " or a redis://, rediss://, unix:///, redis+sentinel:// or rediss+sentinel:// address"
        )
    return secret


def _listen(address: str) -> str:
    host, _, port = address.rpartition(":")
    if address != OFF and (not host or not port.isdigit() or int(port) > 65535):
        raise ValueError("must be host:port, as in 127.0.0.1:8025, or off")
    return address


Listen = Annotated[str, AfterValidator(_listen)]
Issuer = Annotated[str, AfterValidator(_issuer)]
WebAddress = Annotated[str, AfterValidator(_without_slash)]
PhoneNumber = Annotated[str, AfterValidator(_in_e164)]
JournalAddress = Annotated[SecretStr, AfterValidator(_journal)]


class _Part(BaseModel):
    """A group of settings; its variables are written GROUP__NAME."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Http(_Part):
    """Where the daemon listens."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8400, ge=0, le=65535, description="TCP port; 0 takes any free one.")


class Twilio(_Part):
    """The carrier's account; without one only the practice line rings."""

    account_sid: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Account SID at the carrier; Twilio's are AC and 32 hexadecimal digits.",
    )
    auth_token: SecretStr | None = Field(
        None, description="Auth token: signs webhooks, opens the REST API."
    )
    auth_token_previous: SecretStr | None = Field(
        None, description="Token before a rotation; webhooks signed with it are still accepted."
    )
    base_url: WebAddress = Field(
        "https://api.twilio.com",
        description="Root of the REST API; another for a compatible carrier.",
    )
    fallback_number: PhoneNumber | None = Field(
        None,
        description="Rung when nothing can be stored for three tries; unset: callers hold on.",
    )

    api_key_sid: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="SID of an API key of the account: agents whose leg is client:NAME may use the "
        "browser as their telephone; unset: nobody, and pages ask nobody but the daemon.",
    )
    api_key_secret: SecretStr | None = Field(None, description="Secret of that API key.")

    @model_validator(mode="after")
    def _complete(self) -> Twilio:
        if (self.account_sid is None) != (self.auth_token is None):
            raise ValueError("account_sid and auth_token belong together: set both or neither")
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise ValueError("api_key_sid and api_key_secret belong together: set both or neither")
        if self.api_key_sid is not None and self.account_sid is None:
            raise ValueError("api_key_sid is a key of an account: set account_sid, too")
        return self


class Mail(_Part):
    """How mail comes in and goes out."""

    smtp_listen: Listen = Field(
        "127.0.0.1:8025", description="Where mail is taken by SMTP, host:port; off: not at all."
    )
    smtp_listen_certificate: Path | None = Field(
        None, description="PEM of our certificate: who delivers may do so behind TLS (STARTTLS)."
    )
    smtp_listen_key: Path | None = Field(
        None, description="PEM of its private key; unset: in the file of the certificate."
    )
    smtp_listen_tls: bool = Field(
        False, description="Take mail behind TLS only; without it 530. Needs the certificate."
    )
    imap_url: str | None = Field(
        None, description="Mailbox to fetch from, imaps://user@host/INBOX; unset: none."
    )
    imap_password: SecretStr | None = Field(None, description="Password of that mailbox.")
    imap_ca_file: Path | None = Field(None, description="PEM of who signed its certificate.")
    imap_poll_s: float = Field(
        60.0, ge=1.0, description="Seconds between two looks where the server cannot IDLE."
    )
    smtp_url: str | None = Field(
        None,
        description="Server to send by, smtps://user@host or smtp://host:port; unset: mail waits, "
        "on the practice line it is written into data_dir/outbox.",
    )
    smtp_password: SecretStr | None = Field(None, description="Password for sending.")
    smtp_ca_file: Path | None = Field(None, description="PEM of who signed its certificate.")
    smtp_tls: bool = Field(True, description="Send behind TLS only, loopback excepted.")
    hostname: str = Field(
        "localhost", min_length=1, description="What we call ourselves to other mail servers."
    )
    bytes_max: int = Field(
        26_214_400, ge=65_536, description="Largest mail; a larger one is refused or set aside."
    )

    @model_validator(mode="after")
    def _has_certificate(self) -> Mail:
        wants_one = self.smtp_listen_key is not None or self.smtp_listen_tls
        if wants_one and self.smtp_listen_certificate is None:
            raise ValueError("smtp_listen_key and smtp_listen_tls need smtp_listen_certificate")
        return self


class Oidc(_Part):
    """Who else vouches for the people inside: a provider of OpenID Connect, such as Entra ID."""

    issuer: Issuer | None = Field(
        None, description="Address by which the provider names itself; unset: passwords only."
    )
    client_id: str | None = Field(
        None, min_length=1, description="What the provider knows this town as (application ID)."
    )
    client_secret: SecretStr | None = Field(
        None, description="Secret of that client; unset: it has none, PKCE alone protects it."
    )
    name: str = Field(
        "OpenID Connect",
        min_length=1,
        max_length=60,
        description="What people call the provider; stands on the button.",
    )
    claim: str = Field(
        "preferred_username",
        pattern=r"^[A-Za-z0-9_.:/-]{1,100}$",
        description="Claim of the ID token that names the person, as `oid`, `sub` or `email`.",
    )
    scopes: str = Field(
        "openid profile email",
        pattern=r"^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$",
        description="What is asked of the provider, with spaces between; openid first.",
    )
    ca_file: Path | None = Field(None, description="PEM of who signed its certificate.")

    @model_validator(mode="after")
    def _complete(self) -> Oidc:
        if (self.issuer is None) != (self.client_id is None):
            raise ValueError("issuer and client_id belong together: set both or neither")
        return self


class Log(_Part):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level written; debug may show residents' data."
    )
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="json: one object a line; console: for eyes; auto: console on a TTY."
    )


class Limits(_Part):
    """How much is taken in before the sender is told to come back."""

    waiting_commands_max: int = Field(
        2000, ge=1, description="Commands waiting to be decided; beyond, senders get 503."
    )
    batch_commands_max: int = Field(
        200, ge=1, description="Commands decided and stored together at most."
    )
    body_bytes_max: int = Field(
        262_144, ge=1024, description="Bytes in the body of one HTTP request; beyond, 413."
    )
    free_bytes_min: int = Field(
        536_870_912, ge=0, description="Bytes free for the journal; below, the operator is alarmed."
    )


class Settings(BaseSettings):
    """Every setting there is, with its default."""

    model_config = SettingsConfigDict(
        env_prefix="TOWNLINE_",
        env_nested_delimiter="__",
        env_ignore_empty=True,  # `NAME=` in .env means: not set
        extra="ignore",  # unknown variables are told as warnings, see `environment`
        frozen=True,
        hide_input_in_errors=True,
    )

    policy_dir: Path = Field(
        Path("."), description="Folder with skills.yaml, config/ and ivr_flows/."
    )
    policy_source: Literal["folder", "published"] = Field(
        "folder",
        description="folder: saved changes of policy_dir are adopted; published: only what "
        "`townline publish` has published.",
    )
    data_dir: Path = Field(
        Path("var"), description="Folder of the journal, history, secret and recordings."
    )
    http: Http = Http()
    public_url: WebAddress | None = Field(
        None,
        description="Address under which carrier and residents reach us; unset: the one of http.",
    )
    twilio: Twilio = Twilio()
    journal: JournalAddress | None = Field(
        None,
        description="Journal as sqlite:PATH, redis://, rediss:// (TLS), unix:///PATH or "
        "redis+sentinel://host:26379,host:26379/0?master=NAME (rediss+sentinel:// with TLS); "
        "unset: journal.sqlite in data_dir.",
    )
    journal_replicas: int = Field(
        0,
        ge=0,
        le=9,
        description="Replicas of a Redis that must have a batch before anybody is told.",
    )
    journal_keep_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Whole days before today whose events the journal keeps, for reports and "
        "explanations; 0: it keeps everything.",
    )
    town: str = Field(
        "town",
        pattern=r"^[a-z0-9-]{1,40}$",
        description="Name of the town among those that share one Redis: a-z, 0-9 and -.",
    )
    history: str | None = Field(
        None,
        pattern=r"^[a-z0-9+]+://",
        description="History as SQLAlchemy URL, sqlite:////PATH or "
        "postgresql+psycopg://user@host/database; unset: history.sqlite in data_dir.",
    )
    secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="Key of address hashes and tokens, 32 characters or more; "
        "unset: made once, kept in data_dir/secret.",
    )
    practice: bool | None = Field(
        None,
        description="Accept the practice line and its clock; unset: yes while there is no account.",
    )
    practice_line_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of 127.0.0.1 on which `townline line` takes the daemon's calls; "
        "unset: the one after HTTP's.",
    )
    mail: Mail = Mail()
    oidc: Oidc = Oidc()
    log: Log = Log()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _comes_back(self) -> Settings:
        if self.oidc.issuer is not None and self.public_url is None:
            raise ValueError(
                "TOWNLINE_OIDC__ISSUER needs TOWNLINE_PUBLIC_URL: where browsers are sent back to"
            )
        return self

    @property
    def journal_address(self) -> str:
        """Where the journal is; may hold a password, see `shown_journal`."""
        if self.journal is None:
            return f"sqlite:{self.data_dir / 'journal.sqlite'}"
        return self.journal.get_secret_value()

    @property
    def shown_journal(self) -> str:
        """The same for people, without user and password."""
        return redis_address.without_secrets(self.journal_address)

    @property
    def web_root(self) -> str:
        """The address under which the outside reaches the daemon, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url
        host = f"[{self.http.host}]" if ":" in self.http.host else self.http.host
        return f"http://{host}:{self.http.port}"

    @property
    def is_practice(self) -> bool:
        """Whether the practice line may ring and set its own clock."""
        return self.twilio.account_sid is None if self.practice is None else self.practice

    @property
    def webhook_tokens(self) -> tuple[str, ...]:
        """The tokens that may sign webhooks, the current one first; () without an account."""
        tokens = (self.twilio.auth_token, self.twilio.auth_token_previous)
        return tuple(token.get_secret_value() for token in tokens if token is not None)
