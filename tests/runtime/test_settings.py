"""What the operator sets, mistypes and leaves out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from router.errors import SettingsError
from router.history.database import Database, default_url
from router.history.provider_names import ProviderNames
from router.runtime.clock import VirtualClock
from router.runtime.environment import load_settings, unknown_variables, variables
from router.runtime.provider import sign_in_door
from router.runtime.secret import installation_secret
from router.runtime.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the machine that runs the tests, no `.env` but ours."""
    for name in list(os.environ):
        if name.upper().startswith("TOWNLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def complaint_about(name: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (line,) = [line for line in str(caught.value).splitlines() if line.startswith(name)]
    return line


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.policy_dir == Path(".")
    assert settings.journal_address == "sqlite:var/journal.sqlite"
    assert settings.web_root == "http://127.0.0.1:8400"
    assert settings.is_practice is True
    assert settings.webhook_tokens == ()
    assert unknown_variables() == []


def test_variables_reach_into_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_HTTP__PORT", "9000")
    monkeypatch.setenv("TOWNLINE_HTTP__HOST", "::1")
    monkeypatch.setenv("TOWNLINE_DATA_DIR", "/srv/townline")
    monkeypatch.setenv("TOWNLINE_LIMITS__BODY_BYTES_MAX", "4096")
    settings = load_settings()
    assert settings.web_root == "http://[::1]:9000"
    assert settings.journal_address == "sqlite:/srv/townline/journal.sqlite"
    assert settings.limits.body_bytes_max == 4096


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TOWNLINE_HTTP__PORT=9000\nTOWNLINE_HTTP__HOST=0.0.0.0\n")
    monkeypatch.setenv("TOWNLINE_HTTP__PORT", "9001")
    settings = load_settings()
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 9001)


def test_an_empty_value_means_not_set() -> None:
    Path(".env").write_text("TOWNLINE_PUBLIC_URL=\nTOWNLINE_TWILIO__ACCOUNT_SID=\n")
    assert load_settings().public_url is None
    assert load_settings().is_practice is True


def test_an_account_ends_practice_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_TWILIO__ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TOWNLINE_TWILIO__AUTH_TOKEN", "new")
    assert load_settings().is_practice is False
    monkeypatch.setenv("TOWNLINE_PRACTICE", "yes")
    assert load_settings().is_practice is True


def test_two_tokens_are_good_during_a_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_TWILIO__ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TOWNLINE_TWILIO__AUTH_TOKEN", "new")
    monkeypatch.setenv("TOWNLINE_TWILIO__AUTH_TOKEN_PREVIOUS", "old")
    assert load_settings().webhook_tokens == ("new", "old")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOWNLINE_HTTP__PORT", "eighty", "valid integer"),
        ("TOWNLINE_HTTP__PORT", "70000", "less than or equal to 65535"),
        ("TOWNLINE_HTTP__PORT", "-1", "greater than or equal to 0"),
        ("TOWNLINE_PUBLIC_URL", "town.example.org", "https://"),
        ("TOWNLINE_PUBLIC_URL", "https://", "name a host"),
        ("TOWNLINE_PUBLIC_URL", "https://town.example.org/?x=1", "no query"),
        ("TOWNLINE_TWILIO__FALLBACK_NUMBER", "905 555 0100", "8 to 15 digits"),
        ("TOWNLINE_TWILIO__FALLBACK_NUMBER", "+٩٠٥٥٥٥٠١٠٠", "8 to 15 digits"),
        ("TOWNLINE_JOURNAL", "journal.sqlite", "sqlite:"),
        ("TOWNLINE_JOURNAL", "redis+sentinel://a:26379/0", "must name the master"),
        ("TOWNLINE_HISTORY", "history.sqlite", "SQLAlchemy URL"),
        ("TOWNLINE_SECRET", "short", "at least 32"),
        ("TOWNLINE_LOG__LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("TOWNLINE_PRACTICE", "perhaps", "boolean"),
        ("TOWNLINE_LIMITS__WAITING_COMMANDS_MAX", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_told_by_variable_with_what_is_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    line = complaint_about(name)
    assert said in line
    assert next(each for each in variables() if each.name == name).description in line


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOWNLINE_MAIL__SMTP_LISTEN_KEY", "/k.pem"), ("TOWNLINE_MAIL__SMTP_LISTEN_TLS", "true")],
)
def test_tls_of_the_mail_port_needs_a_certificate(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert "need smtp_listen_certificate" in complaint_about("TOWNLINE_MAIL__*")
    monkeypatch.setenv("TOWNLINE_MAIL__SMTP_LISTEN_CERTIFICATE", "/c.pem")
    assert load_settings().mail.smtp_listen_certificate == Path("/c.pem")


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_HTTP__PORT", "x")
    monkeypatch.setenv("TOWNLINE_LOG__FORMAT", "x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert len(str(caught.value).splitlines()) == 2


def test_a_secret_in_the_wrong_place_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_SECRET", "hunter2")
    monkeypatch.setenv("TOWNLINE_HTTP__PORT", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_half_an_account_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_TWILIO__AUTH_TOKEN", "hunter2")
    line = complaint_about("TOWNLINE_TWILIO__*")
    assert "set both or neither" in line
    assert "hunter2" not in line


def test_a_group_set_by_itself_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_HTTP", "0.0.0.0:80")
    with pytest.raises(SettingsError, match="TOWNLINE_HTTP__PORT"):
        load_settings()


def test_an_unreadable_file_is_a_mistake() -> None:
    Path(".env").write_bytes(b"TOWNLINE_HISTORY=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env"):
        load_settings()


def test_unknown_variables_are_told_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_HTTP__PROT", "9000")
    monkeypatch.setenv("TOWNLINE_ZEBRA", "1")
    Path(".env").write_text("TOWNLINE_DATADIR=/srv\nOTHER=1\nTOWNLINE_HTTP__PORT=1\n")
    data_dir, port, zebra = unknown_variables()
    assert "TOWNLINE_DATADIR" in data_dir
    assert "did you mean TOWNLINE_DATA_DIR?" in data_dir
    assert "did you mean TOWNLINE_HTTP__PORT?" in port
    assert zebra.endswith("remove it")
    assert load_settings().http.port == 1


def test_every_variable_is_described_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = variables()
    assert len({variable.name for variable in listed}) == len(listed) > 15
    assert all(len(variable.description) > 10 for variable in listed)
    for variable in listed:
        if variable.default:
            monkeypatch.setenv(variable.name, variable.default)
    assert load_settings() == Settings()


def test_settings_never_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.practice = False  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.http.port = 1  # type: ignore[misc]


def test_no_secret_is_printed_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNLINE_SECRET", "s" * 32)
    assert "sss" not in repr(load_settings())


def test_the_secret_of_the_settings_is_used_and_nothing_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOWNLINE_SECRET", "s" * 32)
    assert installation_secret(load_settings()) == b"s" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_and_read_afterwards(tmp_path: Path) -> None:
    first = installation_secret(load_settings())
    assert len(first) == 64
    assert installation_secret(load_settings()) == first
    (file,) = (tmp_path / "var").iterdir()
    assert file.name == "secret"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_broken_secret_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret"
    path.parent.mkdir()
    path.write_text("half")
    with pytest.raises(SettingsError, match="holds 4 characters"):
        installation_secret(load_settings())
    assert path.read_text() == "half"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file is in the way")
    with pytest.raises(SettingsError, match="TOWNLINE_DATA_DIR"):
        installation_secret(load_settings())


OIDC = {
    "TOWNLINE_PUBLIC_URL": "https://town.example.org",
    "TOWNLINE_OIDC__ISSUER": "https://login.example.org/tenant/v2.0",
    "TOWNLINE_OIDC__CLIENT_ID": "town",
    "TOWNLINE_OIDC__CLIENT_SECRET": "not to be seen",
}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"TOWNLINE_OIDC__ISSUER": "http://login.example.org"}, "must begin with https://"),
        ({"TOWNLINE_OIDC__ISSUER": "https://login.example.org/?x"}, "no query"),
        ({"TOWNLINE_OIDC__CLIENT_ID": ""}, "belong together"),
        ({"TOWNLINE_PUBLIC_URL": ""}, "needs TOWNLINE_PUBLIC_URL"),
        ({"TOWNLINE_OIDC__SCOPES": "profile"}, "TOWNLINE_OIDC__SCOPES"),
    ],
)
def test_a_sign_in_provider_is_set_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], complaint: str
) -> None:
    for name, value in (OIDC | changed).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=complaint) as caught:
        load_settings()
    assert "not to be seen" not in str(caught.value)


def test_the_way_to_the_sign_in_provider_leads_back_to_the_public_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = Database(default_url(tmp_path))
    names = ProviderNames(database, VirtualClock(0))
    assert sign_in_door(load_settings(), names, "http://127.0.0.1:8400", lambda: 0) is None
    for name, value in OIDC.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    door = sign_in_door(settings, names, settings.web_root, lambda: 0)
    assert door is not None
    assert door.back_path == "/desk/signed-in"
    assert door.provider.settings.client_secret == "not to be seen"
    assert door.provider.settings.claim == "preferred_username"
    assert "not to be seen" not in repr((settings, door))
