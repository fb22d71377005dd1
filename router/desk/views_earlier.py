"""What an agent is shown of a resident's earlier items."""

from __future__ import annotations

from router.core.model import Channel, Form, ItemState
from router.desk.view_types import Moment, NamedView, View
from router.desk.views import WordsView
from router.desk.views_text import MessageView


class EarlierView(View, frozen=True, kw_only=True):
    """One earlier item of the same resident, open or ended."""

    item: str  # its reference number
    form: Form
    channel: Channel
    state: ItemState
    called: str
    language: str
    subject: str  # in words; of a mail without one, what its resident wrote there
    queue: NamedView | None
    agent: NamedView | None  # who handled it last
    received_at: Moment
    ended_at: Moment | None
    outcome: str
    code: str  # wrap-up code
    name: str  # what they called themselves then
    note: str  # what the agent noted when it was closed


class EarlierPageView(View, frozen=True, kw_only=True):
    """A page of them, the newest first."""

    items: tuple[EarlierView, ...]
    more: bool  # ask again with `after` = the last of these
    blocked: bool  # the resident may write no chats now


class EarlierItemView(View, frozen=True, kw_only=True):
    """An earlier item with everything that was said and written."""

    item: EarlierView
    words: WordsView | None
    messages: tuple[MessageView, ...]  # oldest first, the last hundred
    before: int  # so many came before these
