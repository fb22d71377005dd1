"""Addresses of a Redis: what they mean, what is wrong with them, what of them may be shown."""

from __future__ import annotations

import re

import pytest

from router.runtime.redis_address import is_redis, is_watched, watched, without_secrets
from router.runtime.settings import Settings


def test_sentinels_are_read_with_everything_that_is_needed_to_reach_them() -> None:
    found = watched(
        "rediss+sentinel://town%40hall:ge%2Fheim@a.example.org:26379,[::1]:26380/2?master=m"
        "&sentinel_username=asks&sentinel_password=lei%40se&ssl_ca_certs=/etc/ca.pem"
    )
    assert found.master == "m"
    assert found.sentinels == (("a.example.org", 26379), ("::1", 26380))
    assert found.db == 2
    assert found.servers == {"username": "town@hall", "password": "ge/heim"}
    assert found.asked == {"username": "asks", "password": "lei@se"}
    assert found.tls == {"ssl": True, "ssl_ca_certs": "/etc/ca.pem"}


def test_a_short_address_is_without_passwords_and_encryption() -> None:
    found = watched("redis+sentinel://a:1?master=m")
    assert found == ("m", (("a", 1),), 0, {}, {}, {})
    assert watched("redis+sentinel://:geheim@a:1/0?master=m").servers == {"password": "geheim"}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis+sentinel://a:1/0", "must name the master"),
        ("redis+sentinel://a/0?master=m", "'a' must be host:port"),
        ("redis+sentinel://a:1,/0?master=m", "'' must be host:port"),
        ("redis+sentinel://a:70000/0?master=m", "'a:70000' must be host:port"),
        ("redis+sentinel://a:1/first?master=m", "first is no number of a database"),
        ("redis+sentinel://a:1/0?master=m&pasword=x", "pasword is not known"),
        ("redis+sentinel://a:1/0?master=m&ssl_ca_certs=x", "ssl_ca_certs needs rediss+sentinel"),
        ("redis+sentinel://a:1/0?master=m&sentinel_password=g@heim", "as %40"),
    ],
)
def test_a_wrong_address_is_refused_with_the_remedy(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        watched(url)
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        Settings(journal=url)
    assert "heim" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:geheim@host:6379/1", "redis://host:6379/1"),
        ("redis://host:6379/1?password=geheim", "redis://host:6379/1"),
        (
            "redis+sentinel://u:geheim@a:1,b:2/0?master=m&sentinel_password=geheim&sentinel_username=x",
            "redis+sentinel://a:1,b:2/0?master=m&sentinel_username=x",
        ),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("sqlite:/var/lib/journal.sqlite", "sqlite:/var/lib/journal.sqlite"),
    ],
)
def test_an_address_is_shown_without_passwords(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_schemes_are_told_apart() -> None:
    assert is_redis("unix:///run/redis.sock")
    assert not is_redis("sqlite:/redis")
    assert is_watched("rediss+sentinel://a:1/0?master=m")
    assert not is_watched("rediss://a:1/0")
