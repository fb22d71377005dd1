"""Signing in at a provider: the right person comes in, and nobody by any trick."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from joserfc import jwt
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from router.core.model import MINUTE
from router.desk.access import TRIES_PER_ADDRESS
from router.desk.browsers import COOKIE, HEADER
from router.desk.openid import ANSWER_BYTES_MAX, NEW_KEYS_S, Provider, ProviderSettings
from router.desk.sign_in import COOKIE as STATE
from router.errors import SettingsError
from router.history.account_rows import Role
from router.history.audit import Audit
from router.history.provider_names import LASTS
from tests.desk.house import PASSWORD, House, house
from tests.desk.visitor import Visitor, refused, sign_in
from tests.fakes.false_provider import (
    CLIENT,
    SECRET,
    Claims,
    FalseProvider,
    false_provider,
    key_called,
    signed_with_a_word,
    unsigned,
)

TOWN = "https://town.example.org/hall"
AMINA = "amina@example.org"


@pytest.fixture
async def directory() -> AsyncIterator[FalseProvider]:
    async with false_provider() as made:
        yield made


@pytest.fixture
async def office(tmp_path: Path, directory: FalseProvider) -> AsyncIterator[House]:
    """A town whose agent amina is known to the directory."""
    async with house(tmp_path, serve=False, provider=directory.settings()) as made:
        await made.names.give("amina", AMINA, keeps_password=True, by="test")
        yield made


async def trail(office: House) -> list[tuple[str, str, str]]:
    entries = await Audit(office.database, office.clock).recent()
    return [(one.who, one.what, one.target) for one in entries]


# --- the right person ----------------------------------------------------------------------------


async def test_a_person_the_provider_knows_gets_a_session_of_their_account(
    office: House, directory: FalseProvider
) -> None:
    visitor, answer = await sign_in(office, directory, "wall")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{TOWN}/desk/wall"
    who = (await visitor.who()).json()
    assert (who["name"], who["role"], who["provider_name"]) == ("amina", "agent", AMINA)
    _, *attributes = visitor.set_cookies[COOKIE].split("; ")
    assert set(attributes) == {"HttpOnly", "Path=/hall/", "SameSite=strict", "Secure"}
    assert STATE not in visitor.cookies
    assert ("amina", "signed-in", "127.0.0.1 by the provider") in await trail(office)


async def test_the_browser_is_sent_with_everything_that_guards_the_way_back(
    office: House, directory: FalseProvider
) -> None:
    visitor = Visitor(office)
    address = (await visitor.begin()).json()["address"]
    asked = {name: each[0] for name, each in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{directory.issuer}/authorize?")
    assert asked["redirect_uri"] == f"{TOWN}/desk/signed-in"
    assert asked["scope"] == "openid profile"
    assert len(asked["code_challenge"]) == 43
    assert asked["state"] == visitor.cookies[STATE]
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    _, *attributes = visitor.set_cookies[STATE].split("; ")
    assert set(attributes) == {
        "HttpOnly", "Max-Age=600", "Path=/hall/desk/signed-in", "SameSite=lax", "Secure",
    }  # fmt: skip


async def test_the_secret_goes_to_the_provider_alone(
    office: House, directory: FalseProvider
) -> None:
    with structlog.testing.capture_logs() as logged:
        await sign_in(office, directory)
    (sent,) = directory.redeemed
    both = base64.b64decode(sent["authorization"].removeprefix("Basic ")).decode()
    assert both == "town:a%20secret%3A%20of%20the%20client"
    assert SECRET not in repr(directory.settings())
    assert SECRET not in repr(logged)


@pytest.mark.parametrize(("secret", "sent"), [(SECRET, SECRET), ("", None)])
async def test_a_provider_that_takes_the_secret_in_the_form_and_a_client_without_one(
    tmp_path: Path, directory: FalseProvider, secret: str, sent: str | None
) -> None:
    directory.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    settings = directory.settings(client_secret=secret)
    async with house(tmp_path, serve=False, provider=settings) as office:
        await office.names.give("amina", AMINA, keeps_password=True, by="test")
        _, answer = await sign_in(office, directory)
    assert answer.status_code == 303
    (form,) = directory.redeemed
    assert (form["client_id"], form.get("client_secret"), form["authorization"]) == (
        CLIENT,
        sent,
        "",
    )


async def test_a_locked_password_is_no_matter_of_the_provider(
    office: House, directory: FalseProvider
) -> None:
    for _ in range(10):
        assert await office.accounts.verify("amina", "wrong") is None
    assert await office.accounts.verify("amina", PASSWORD) is None
    _, answer = await sign_in(office, directory)
    assert answer.status_code == 303


async def test_whoever_signs_in_anew_gets_another_session(
    office: House, directory: FalseProvider
) -> None:
    visitor = Visitor(office)
    visitor.cookies[COOKIE] = "chosen-by-somebody-else"
    address = (await visitor.begin()).json()["address"]
    await visitor.come_back(directory.approve(address))
    assert visitor.cookies[COOKIE] != "chosen-by-somebody-else"
    assert (await visitor.who()).json()["name"] == "amina"


# --- nobody else ---------------------------------------------------------------------------------


async def test_who_has_no_account_is_told_what_to_ask_for_and_gets_nothing(
    office: House, directory: FalseProvider
) -> None:
    directory.user = {"preferred_username": "<b>zoe</b>@example.org"}
    before = len(await office.accounts.everybody())
    _, answer = await sign_in(office, directory)
    refused(answer, "You have no account here")
    assert "&lt;b&gt;zoe&lt;/b&gt;@example.org" in answer.text
    assert f'href="{TOWN}/desk/"' in answer.text
    assert "script" not in answer.headers["content-security-policy"]
    assert len(await office.accounts.everybody()) == before
    assert ("townline", "sign-in-no-account", "<b>zoe</b>@example.org") in await trail(office)


@pytest.mark.parametrize("name", ["Amina@example.org", "amina", "adele", "admin"])
async def test_a_name_that_is_only_alike_or_an_accounts_own_is_nobodys(
    office: House, directory: FalseProvider, name: str
) -> None:
    directory.user = {"preferred_username": name}
    _, answer = await sign_in(office, directory)
    refused(answer, "You have no account here")


async def test_a_disabled_account_stays_out_in_the_browsers_language(
    office: House, directory: FalseProvider
) -> None:
    await office.accounts.disable("amina", by="test")
    visitor = Visitor(office)
    address = (await visitor.begin()).json()["address"]
    back = directory.approve(address)
    answer = await visitor.come_back(back, **{"Accept-Language": "fr-CA,fr;q=0.9"})
    refused(answer, "Votre compte est désactivé")
    assert '<html lang="fr">' in answer.text


async def test_the_way_back_is_for_the_browser_that_began(
    office: House, directory: FalseProvider
) -> None:
    """Somebody sends a victim the address with which they would have come back themselves."""
    villain, victim = Visitor(office), Visitor(office)
    query = directory.approve((await villain.begin()).json()["address"])
    refused(await victim.come_back(query), "Begin again")
    await victim.begin()
    refused(await victim.come_back(query), "Begin again")
    refused(await victim.come_back({"code": query["code"]}), "Begin again")
    victim.cookies[STATE] = query["state"] + "x"
    refused(await victim.come_back(query), "Begin again")


async def test_the_way_back_is_gone_once(office: House, directory: FalseProvider) -> None:
    visitor = Visitor(office)
    query = directory.approve((await visitor.begin()).json()["address"])
    held = visitor.cookies[STATE]
    assert (await visitor.come_back(query)).status_code == 303
    visitor.cookies = {STATE: held}
    refused(await visitor.come_back(query), "Begin again")


async def test_the_way_back_is_open_for_ten_minutes(
    office: House, directory: FalseProvider
) -> None:
    visitor = Visitor(office)
    query = directory.approve((await visitor.begin()).json()["address"])
    await office.pass_time(LASTS)
    refused(await visitor.come_back(query), "Begin again")


async def test_a_code_that_was_used_already_is_refused(
    office: House, directory: FalseProvider
) -> None:
    one, other = Visitor(office), Visitor(office)
    first = directory.approve((await one.begin()).json()["address"])
    assert (await one.come_back(first)).status_code == 303
    second = directory.approve((await other.begin()).json()["address"])
    refused(await other.come_back(second | {"code": first["code"]}), "did not sign you in")


async def test_a_code_of_another_request_is_refused(
    office: House, directory: FalseProvider
) -> None:
    """Its verifier is another one: a stolen code is worth nothing."""
    victim, villain = Visitor(office), Visitor(office)
    stolen = directory.approve((await victim.begin()).json()["address"])["code"]
    own = directory.approve((await villain.begin()).json()["address"])
    refused(await villain.come_back(own | {"code": stolen}), "did not sign you in")


@pytest.mark.parametrize(
    "query", [{"error": "access_denied"}, {"code": "x", "iss": "https://elsewhere.example.com"}]
)
async def test_a_provider_that_says_no_or_another_one_signs_nobody_in(
    office: House, directory: FalseProvider, query: dict[str, str]
) -> None:
    visitor = Visitor(office)
    await visitor.begin()
    answer = await visitor.come_back({"state": visitor.cookies[STATE], **query})
    refused(answer, "Town Directory did not sign you in")
    assert directory.redeemed == []


# --- tokens that do not hold ---------------------------------------------------------------------


FALSE_CLAIMS: list[Claims] = [
    {"nonce": "of another request"},
    {"nonce": None},
    {"iss": "https://elsewhere.example.com"},
    {"iss": None},
    {"aud": "another program"},
    {"aud": None},
    {"aud": []},
    {"aud": [CLIENT, "another program"]},
    {"aud": [CLIENT, "another program"], "azp": "another program"},
    {"azp": "another program"},
    {"exp": 1_700_000_000},
    {"exp": None},
    {"exp": "never"},
    {"iat": None},
    {"iat": 9_999_999_999},
    {"nbf": 9_999_999_999},
    {"sub": None},
    {"preferred_username": None},
    {"preferred_username": " "},
    {"preferred_username": [AMINA]},
    {"preferred_username": "a" * 201},
]


async def test_claims_that_are_not_for_this_request_are_refused(
    office: House, directory: FalseProvider
) -> None:
    for directory.claimed in FALSE_CLAIMS:
        _, answer = await sign_in(office, directory)
        refused(answer, "did not sign you in", directory.claimed)
    directory.claimed = {}
    _, answer = await sign_in(office, directory)
    assert answer.status_code == 303


@pytest.mark.parametrize("late_s", [90, 150])
async def test_clocks_may_differ_by_two_minutes(
    office: House, directory: FalseProvider, late_s: int
) -> None:
    directory.claimed = {"exp": int(time.time()) - late_s}
    _, answer = await sign_in(office, directory)
    assert answer.status_code == (303 if late_s < 120 else 403)


def with_the_public_key_as_secret(directory: FalseProvider, claims: Claims) -> str:
    return signed_with_a_word(claims, directory.key.as_pem(private=False))


def with_the_clients_secret(_: FalseProvider, claims: Claims) -> str:
    return signed_with_a_word(claims, SECRET.encode())


def with_a_key_of_its_own(_: FalseProvider, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, key_called("another"))


def with_a_key_it_brings_along(_: FalseProvider, claims: Claims) -> str:
    own = key_called("mine")
    header = {"alg": "RS256", "kid": "mine", "jwk": own.as_dict(private=False)}
    return jwt.encode(header, claims, own)


def changed_afterwards(directory: FalseProvider, claims: Claims) -> str:
    header = {"alg": "RS256", "kid": "first"}
    true = jwt.encode(header, claims | {"preferred_username": "zoe"}, directory.key).split(".")
    false = jwt.encode(header, claims, key_called("another")).split(".")
    return ".".join((true[0], false[1], true[2]))


FALSE_SIGNATURES: list[Callable[[FalseProvider, Claims], str]] = [
    with_the_public_key_as_secret,
    with_the_clients_secret,
    with_a_key_of_its_own,
    with_a_key_it_brings_along,
    changed_afterwards,
    lambda _, claims: unsigned(claims),
    lambda _, claims: "",
    lambda _, claims: "a.b.c",
    lambda _, claims: "é",
]


async def test_a_signature_that_is_not_the_providers_is_refused(
    office: House, directory: FalseProvider
) -> None:
    for number, sign in enumerate(FALSE_SIGNATURES):
        directory.sign = partial(sign, directory)
        _, answer = await sign_in(office, directory)
        refused(answer, "did not sign you in", f"signature {number}")
    directory.sign = None
    _, answer = await sign_in(office, directory)
    assert answer.status_code == 303


async def test_a_provider_that_changes_its_keys_is_believed_with_the_new_ones(
    tmp_path: Path, directory: FalseProvider
) -> None:
    now = [int(time.time())]
    provider = Provider(directory.settings(), redirect_uri="", seconds=lambda: now[0])

    async def person() -> str:
        address = await provider.address(state="s", nonce="n", verifier="v")
        code = directory.approve(address)["code"]
        directory.codes[code]["redirect_uri"] = ""
        return await provider.person(code=code, nonce="n", verifier="v")

    directory.codes["x"] = {}
    assert await person() == AMINA
    old, directory.key = directory.key, key_called("second")
    now[0] += NEW_KEYS_S
    assert await person() == AMINA
    assert directory.asked.count("/keys") == 2
    directory.key, directory.published = key_called("unknown"), [old]
    for _ in range(3):  # an unknown key has the keys asked for, but not each time
        with pytest.raises(Exception, match="does not hold"):
            await person()
    assert directory.asked.count("/keys") == 2


async def test_a_key_that_cannot_be_read_keeps_nobody_out(
    office: House, directory: FalseProvider
) -> None:
    good = directory.key.as_dict(private=False)
    strange = [{"kty": "EC", "crv": "P-0", "x": "AA", "y": "AA"}, {"kty": "RSA"}, {}, "key"]
    directory.answers["/keys"] = JSONResponse({"keys": [*strange, good]})
    _, answer = await sign_in(office, directory)
    assert answer.status_code == 303


@pytest.mark.parametrize("name", [f"{AMINA}\n", f" {AMINA}", "amina\0", "am\u202eina"])
async def test_a_name_that_nobody_can_read_is_refused(
    office: House, directory: FalseProvider, name: str
) -> None:
    directory.user = {"preferred_username": name}
    _, answer = await sign_in(office, directory)
    refused(answer, "did not sign you in")


async def test_an_address_the_provider_has_not_verified_is_nobodys(
    tmp_path: Path, directory: FalseProvider
) -> None:
    settings = directory.settings(claim="email")
    async with house(tmp_path, serve=False, provider=settings) as office:
        await office.names.give("amina", AMINA, keeps_password=True, by="test")
        directory.user = {"email": AMINA, "email_verified": False}
        refused((await sign_in(office, directory))[1], "did not sign you in")
        directory.user = {"email": AMINA}
        assert (await sign_in(office, directory))[1].status_code == 303


# --- a provider in trouble -----------------------------------------------------------------------

DESCRIPTIONS: list[Response] = [
    PlainTextResponse("no", 500),
    PlainTextResponse("<html>"),
    JSONResponse({"issuer": 5}),
    RedirectResponse("http://127.0.0.1:9/"),
    PlainTextResponse("x" * (ANSWER_BYTES_MAX + 1)),
]


async def test_while_the_provider_is_down_the_page_says_so_and_passwords_work(
    office: House, directory: FalseProvider
) -> None:
    for response in DESCRIPTIONS:
        directory.answers["/.well-known/openid-configuration"] = response
        answer = await Visitor(office).begin()
        assert (answer.status_code, answer.json()["code"]) == (503, "provider-unreachable")
    async with office.http() as http:
        body = {"name": "amina", "password": PASSWORD}
        assert (await http.post("/sessions", json=body)).status_code == 201
    directory.answers.clear()
    assert (await sign_in(office, directory))[1].status_code == 303


HALF_WAY: list[tuple[str, Response]] = [
    ("/keys", PlainTextResponse("no", 502)),
    ("/keys", JSONResponse({"keys": 5})),
    ("/keys", JSONResponse({"keys": []})),
    ("/keys", JSONResponse({"keys": [{"kty": "oct", "k": "eHh4"}, 7]})),
    ("/token", PlainTextResponse("no", 500)),
    ("/token", JSONResponse([1])),
]


async def test_a_provider_that_breaks_half_way_gives_a_plain_page(
    office: House, directory: FalseProvider
) -> None:
    for path, response in HALF_WAY:
        directory.answers = {path: response}
        _, answer = await sign_in(office, directory)
        refused(answer, "Town Directory does not answer", path)


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://elsewhere.example.com"},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_a_description_of_somebody_else_or_without_tls_is_not_believed(
    office: House, directory: FalseProvider, described: Claims
) -> None:
    directory.described = described
    assert (await Visitor(office).begin()).json()["code"] == "provider-unreachable"


async def test_a_ca_file_that_is_none_is_said_at_the_start(
    tmp_path: Path, directory: FalseProvider
) -> None:
    with pytest.raises(SettingsError, match="TOWNLINE_OIDC__CA_FILE"):
        Provider(
            directory.settings(ca_file=tmp_path / "none.pem"), redirect_uri="", seconds=lambda: 0
        )


# --- the way there -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "https://elsewhere.example.com"}, "foreign-request"),
        ({"Origin": "null"}, "foreign-request"),
        ({"Origin": "http://town.test", HEADER: "/"}, "not-allowed"),  # comes back elsewhere
        ({HEADER: "/other/"}, "not-allowed"),
    ],
)
async def test_only_our_pages_where_the_browser_comes_back_to_may_begin(
    office: House, headers: dict[str, str], code: str
) -> None:
    answer = await Visitor(office).begin(**headers)
    assert answer.json()["code"] == code
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "page",
    ["https://elsewhere.example.com/", "//elsewhere.example.com", "../../x", "people\r\nX: y"],
)
async def test_the_browser_goes_on_to_our_own_pages_alone(
    office: House, directory: FalseProvider, page: str
) -> None:
    _, answer = await sign_in(office, directory, page)
    assert answer.headers["location"] == f"{TOWN}/desk/"


async def test_beginning_has_the_same_brake_as_passwords(
    office: House, directory: FalseProvider
) -> None:
    visitor = Visitor(office)
    for _ in range(TRIES_PER_ADDRESS):
        assert (await visitor.begin()).status_code == 200
    answer = await visitor.begin()
    assert (answer.status_code, answer.json()["code"]) == (429, "too-often")
    await office.pass_time(5 * MINUTE)
    assert (await visitor.begin()).status_code == 200


async def test_without_a_provider_there_is_no_way_there_or_back(tmp_path: Path) -> None:
    async with house(tmp_path, serve=False) as office, office.http() as http:
        assert (await http.get("/provider")).json() == {"name": None}
        begun = await Visitor(office).begin()
        back = await http.get("http://town.test/desk/signed-in")
    assert begun.json()["code"] == "unknown-target"
    assert back.status_code == 404


# --- several daemons, and a provider that somebody else wrote ------------------------------------


async def test_the_browser_may_come_back_to_another_daemon(
    tmp_path: Path, directory: FalseProvider
) -> None:
    """Two daemons share history and nothing else."""
    settings = directory.settings()
    async with (
        house(tmp_path, serve=False, provider=settings) as one,
        house(tmp_path, serve=False, provider=settings, opens=False) as other,
    ):
        await one.names.give("amina", AMINA, keeps_password=True, by="test")
        visitor = Visitor(one)
        query = directory.approve((await visitor.begin()).json()["address"])
        elsewhere = Visitor(other)
        elsewhere.cookies = dict(visitor.cookies)
        assert (await elsewhere.come_back(query)).status_code == 303
        refused(await visitor.come_back(query), "Begin again")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_provider_written_by_others_signs_people_in(tmp_path: Path) -> None:
    import oidc_provider_mock  # it warns of its own library when imported

    zoe = oidc_provider_mock.User(sub="zoe-1", claims={"preferred_username": "zoe@example.org"})
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=[zoe]) as server:
        settings = ProviderSettings(
            issuer=f"http://localhost:{server.server_port}",
            client_id="townline",
            client_secret="secret",
            name="Mock",
            claim="preferred_username",
            scopes="openid profile email",
            ca_file=None,
        )
        async with house(tmp_path, serve=False, provider=settings) as office:
            await office.accounts.create(
                "zoe", Role.SUPERVISOR, provider_name="zoe@example.org", by="test"
            )
            visitor = Visitor(office)
            address = (await visitor.begin("people")).json()["address"]
            async with httpx.AsyncClient() as browser:
                approved = await browser.post(address, data={"sub": "zoe-1"})
            back = urlsplit(approved.headers["location"])
            assert back._replace(query="").geturl() == f"{TOWN}/desk/signed-in"
            query = {name: each[0] for name, each in parse_qs(back.query).items()}
            answer = await visitor.come_back(query)
            assert answer.headers["location"] == f"{TOWN}/desk/people"
            assert (await visitor.who()).json()["name"] == "zoe"
