"""HTTP for web forms: the pages, what residents send, where it stands.

`GET /forms` lists the forms, `GET /forms/{form}` shows one, `POST /forms/{form}` takes a submission
as form data or JSON, `GET /forms/status/{reference}` says where it stands. Nothing is acknowledged
before it is stored; what could not be stored comes back on the page with everything that was typed.
There are no cookies, so a page of somebody else can do nothing here that its own server could not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from channels.announcements import in_words
from channels.buckets import Buckets
from channels.contract import Capabilities, Limits
from channels.moments import iso
from channels.sameness import network_key
from channels.webform import answers, pages
from channels.webform.body import BODY_S, Unreadable, is_json, read_body
from channels.webform.codec import KEY_FIELD, Complaint, Filled, read, submission, time_field
from channels.webform.negotiation import choose_language
from channels.webform.pages import Notice, Page
from channels.webform.sentences import stands
from channels.webform.standing import (
    PastItem,
    Receipt,
    Standing,
    is_unanswered,
    receipt_in,
    reference_of,
    standing_in,
    standing_in_past,
)
from channels.webform.surroundings import Surroundings, surroundings_in
from router.core.model import HOUR, Channel, Instant, ItemId, Tempo
from router.core.policy import FormRule, Policy
from router.errors import NotNow, TownlineError
from router.ports import Clock, Duty, Ids, Inbox, Outlet

FindPast = Callable[[str], Awaitable[PastItem | None]]  # by item id; raises StorageError

SENDERS_MAX: Final = 20_000  # whose submissions are counted, for each form
ANSWER_S: Final = BODY_S + 3.0  # reading what is sent, then at most two seconds of storing
_KEY_HEADER: Final = "idempotency-key"

_log = structlog.get_logger(__name__)


class WebformSettings(msgspec.Struct, frozen=True):
    """What the environment says about web forms."""

    secret: bytes  # the installation's, for address keys
    public_url: str  # without a slash at its end, for addresses in JSON answers
    body_max: int  # bytes; a form's own limit may be lower


class WebformChannel:
    """A `ChannelAdapter`. `past` finds items that the core has let go; None: they are unknown."""

    name = Channel.WEBFORM
    tempos = frozenset({Tempo.SLOW_TEXT})
    capabilities = Capabilities(effects=frozenset())
    outlet: Outlet | None = None

    def __init__(
        self,
        inbox: Inbox,
        ids: Ids,
        clock: Clock,
        settings: WebformSettings,
        past: FindPast | None = None,
    ) -> None:
        self._inbox = inbox
        self._ids = ids
        self._clock = clock
        self._settings = settings
        self._past = past
        self._senders = Buckets(clock, SENDERS_MAX)
        self._policy: Policy | None = None  # the last that was read, for pages while nothing is

    @property
    def limits(self) -> Limits:
        """Return what is taken at most."""
        return Limits(body_max=self._settings.body_max, answer_s=ANSWER_S, effect_s=0.0)

    def routes(self) -> list[BaseRoute]:
        """Return the HTTP routes."""
        return [
            Route("/forms", self._list, methods=["GET"]),
            Route("/forms/status/{reference}", self._status, methods=["GET"]),
            Route("/forms/{form}", self._show, methods=["GET"]),
            Route("/forms/{form}", self._take, methods=["POST"]),
        ]

    def duties(self) -> tuple[Duty, ...]:
        """Return nothing: everything happens on request."""
        return ()

    async def start(self) -> None:
        """Need nothing."""

    async def stop(self) -> None:
        """Hold nothing."""

    # --- pages -----------------------------------------------------------------------------------

    async def _list(self, request: Request) -> Response:
        page = await self._page(request, "/forms")
        return answers.html(page, pages.list_page(page)) if page else answers.unavailable(request)

    async def _show(self, request: Request) -> Response:
        form = request.path_params["form"]
        page = await self._page(request, f"/forms/{form}", form)
        if page is None:
            return answers.unavailable(request)
        rule = page.policy.forms.get(form)
        if rule is None:
            return answers.no_form(request, page)
        return answers.html(page, pages.form_page(page, rule, key=self._ids.unique("p-")))

    async def _status(self, request: Request) -> Response:
        reference = reference_of(request.path_params["reference"])
        page = await self._page(request, f"/forms/status/{reference or ''}" if reference else "")
        if page is None:
            return answers.unavailable(request)
        try:
            standing = None if reference is None else await self._find(reference)
        except TownlineError as error:
            _log.warning("webform_status_unavailable", code=error.code)
            return answers.unavailable(request)
        if standing is None:
            say = page.say
            title, text = say["unknown_reference_title"], say["unknown_reference"]
            if is_json(request):
                return answers.json_error(404, "unknown-reference", text)
            return answers.html(page, pages.error_page(page, title, text), 404)
        if is_json(request):
            return answers.json(200, _standing_as_json(page, standing))
        return answers.html(page, pages.status_page(page, standing, self._clock.now()))

    async def _find(self, reference: ItemId) -> Standing | None:
        standing = await self._inbox.read(partial(standing_in, item_id=reference))
        if standing is None and self._past is not None:
            return standing_in_past(reference, await self._past(reference))
        return standing

    # --- submissions -----------------------------------------------------------------------------

    async def _take(self, request: Request) -> Response:
        form = request.path_params["form"]
        page = await self._page(request, f"/forms/{form}", form)
        if page is None:
            return answers.unavailable(request)
        rule = page.policy.forms.get(form)
        if rule is None:
            return answers.no_form(request, page)
        size_max = min(rule.size_max, self._settings.body_max)
        typed = await read_body(request, size_max)
        if isinstance(typed, Unreadable):
            _log.info("webform_unreadable", form=form, code=typed.code)
            return answers.unreadable(request, page, typed, size_max)
        key = request.headers.get(_KEY_HEADER, "")
        if key:
            typed = [(name, text) for name, text in typed if name != KEY_FIELD]
            typed.append((KEY_FIELD, key))
        filled = read(rule, typed)
        if filled.complaints:
            return self._refused(request, page, rule, filled)
        sender = network_key(
            self._settings.secret, request.client.host if request.client is not None else ""
        )
        wait_s = self._senders.wait_s(f"{form}:{sender}", rule.per_hour_max, HOUR)
        if wait_s:
            return self._too_many(request, page, rule, filled, wait_s)
        return await self._store(request, page, rule, filled, sender)

    async def _store(
        self, request: Request, page: Page, rule: FormRule, filled: Filled, sender: str
    ) -> Response:
        command, words = submission(
            rule,
            filled,
            secret=self._settings.secret,
            item_id=ItemId(self._ids.item_id()),
            words_name=self._ids.unique(""),
            language=page.language.id,
            sender=sender,
        )
        try:
            receipt = await self._inbox.submit(
                command, partial(receipt_in, key=command.key), words=words
            )
        except NotNow:
            return await self._time_taken(request, rule, filled)
        except TownlineError as error:
            return self._not_stored(request, page, rule, filled, error)
        repeated = receipt.reference != command.item_id
        _log.info("webform_stored", item=receipt.reference, form=rule.id, repeated=repeated)
        due_at = None if receipt.standing is None else receipt.standing.due_at
        status = 200 if repeated else 201
        said = (*page.announced, *(page.of(texts) for texts in receipt.said))
        if is_json(request):
            receipt_as_json = self._receipt_as_json(page, receipt, due_at)
            return answers.json(status, {**receipt_as_json, "said": "\n".join(said) or None})
        page = msgspec.structs.replace(page, announced=said)
        now, wish = self._clock.now(), time_field(rule)
        call = filled.values[wish.id] if wish is not None else ""
        return answers.html(
            page, pages.thanks_page(page, rule, receipt.reference, due_at, now, call), status
        )

    def _refused(self, request: Request, page: Page, rule: FormRule, filled: Filled) -> Response:
        codes = sorted(set(filled.complaints.values()))
        _log.info("webform_refused", form=rule.id, codes=codes)
        if is_json(request):
            fields = {
                name: pages.complaint_text(page, rule, name, about, filled.values.get(name, ""))
                for name, about in filled.complaints.items()
            }
            return answers.json_error(422, "not-valid", page.say["error_title"], fields=fields)
        return self._again(page, rule, filled, 422, complaints=filled.complaints)

    async def _time_taken(self, request: Request, rule: FormRule, filled: Filled) -> Response:
        """Somebody else has taken the last place of that time meanwhile: show those left."""
        wish = time_field(rule)
        page = await self._page(request, "", rule.id)
        if wish is None or page is None:
            return answers.unavailable(request)
        late = msgspec.structs.replace(filled, complaints={wish.id: Complaint.NOT_FREE})
        return self._refused(request, page, rule, late)

    def _too_many(
        self, request: Request, page: Page, rule: FormRule, filled: Filled, wait_s: int
    ) -> Response:
        _log.info("webform_too_many", form=rule.id)
        say = page.say
        text = say["too_many"].format(minutes=-(-wait_s // 60))
        if is_json(request):
            return answers.json_error(429, "too-many", text, retry_after_s=wait_s)
        notice = Notice(say["too_many_title"], text)
        return self._again(page, rule, filled, 429, notice=notice, retry_after_s=wait_s)

    def _not_stored(
        self, request: Request, page: Page, rule: FormRule, filled: Filled, error: TownlineError
    ) -> Response:
        _log.warning("webform_not_stored", form=rule.id, code=error.code)
        retry_after_s = getattr(error, "retry_after_s", answers.RETRY_AFTER_S)
        say = page.say
        if is_json(request):
            return answers.json_error(
                503, error.code, say["unavailable"], retry_after_s=retry_after_s
            )
        notice = Notice(say["busy_title"], say["busy"])
        return self._again(page, rule, filled, 503, notice=notice, retry_after_s=retry_after_s)

    def _again(
        self,
        page: Page,
        rule: FormRule,
        filled: Filled,
        status: int,
        *,
        complaints: dict[str, Complaint] | None = None,
        notice: Notice | None = None,
        retry_after_s: int = 0,
    ) -> Response:
        """Give the page back with everything that was typed on it, and no link that loses it."""
        page = msgspec.structs.replace(page, address="")
        html = pages.form_page(
            page,
            rule,
            key=filled.key or self._ids.unique("p-"),
            values=filled.values,
            complaints=complaints,
            notice=notice,
        )
        return answers.html(page, html, status, retry_after_s=retry_after_s)

    def _receipt_as_json(
        self, page: Page, receipt: Receipt, due_at: Instant | None
    ) -> dict[str, str | None]:
        return {
            "reference": receipt.reference,
            "status_url": f"{self._settings.public_url}/forms/status/{receipt.reference}",
            "due": _iso(page, due_at),
        }

    async def _page(self, request: Request, address: str, form: str = "") -> Page | None:
        """Return whose page it is; None while no policy is known at all."""
        now = self._clock.now()
        around: Surroundings | None = None
        try:
            around = await self._inbox.read(partial(surroundings_in, form=form, now=now))
        except TownlineError as error:
            _log.warning("webform_policy_not_read", code=error.code)
        self._policy = around.policy if around is not None else self._policy
        if self._policy is None:
            return None
        asked = request.query_params.get("lang", "") if request.scope["query_string"] else ""
        accepted = request.headers.get("accept-language", "")
        language = choose_language(self._policy.languages, asked, accepted)
        page = Page(self._policy, language, address)
        if around is None:
            return page
        said = in_words(around.announced, language.id, self._policy.time_zone, now)
        times = around.times(language.id, now)
        return msgspec.structs.replace(page, announced=said, times=times)


def _standing_as_json(page: Page, standing: Standing) -> dict[str, str | None]:
    due_at = standing.due_at if is_unanswered(standing) else None
    return {
        "reference": standing.reference,
        "state": standing.state.value,
        "text": stands(page.language.id, standing.state),
        "received": _iso(page, standing.received_at),
        "due": _iso(page, due_at),
    }


def _iso(page: Page, instant: Instant | None) -> str | None:
    return None if instant is None else iso(instant, page.policy.time_zone, to="seconds")
