"""The shape of config/mail.yaml: mailboxes, rules for what comes in, what the town answers."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from router.policy.addresses import AddressPattern, FileKind, MailAddress, ServerName
from router.policy.shape import Shape
from router.policy.spans import Size, SpanOrNever, SpanText
from router.policy.values import (
    Name,
    OneOrMore,
    Requirement,
    SomeCount,
    Texts,
    only_action,
    wrong,
)

ANY: Final = "any"  # words that are the same in every language
WORD_KEYS: Final = ("words", "subject_words")  # conditions that name word lists
ACTIONS: Final = ("route", "refuse", "set_aside")
OWN: Final = "own"  # the mailbox's queue
_ONLY_ROUTED: Final = ("subject", "requires", "head_start", "urgent", "close")
_ONLY_OPEN: Final = ("requires", "head_start", "urgent")  # mean nothing for what is closed at once


class _PerLanguageOrAny:
    """Lets a text or a list stand for words that are the same in every language."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Expand the shorthand before the value is read."""

        def expand(raw: object) -> object:
            return {ANY: raw} if isinstance(raw, str | list) else raw

        return core_schema.no_info_before_validator_function(expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Show editors that all ways of writing are right."""
        full: dict[str, Any] = handler(schema)
        inside = next(iter(full["patternProperties"].values()))
        kind = "list of words, or one for each language"
        return {"anyOf": [full, inside], "x-kind": kind}


Word = Annotated[
    str, StringConstraints(min_length=2, max_length=100, strip_whitespace=True, pattern=r"\w")
]
WordsOfLanguage = Annotated[list[Word], OneOrMore, Field(min_length=1)]
WordList = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")], WordsOfLanguage],
    Field(min_length=1),
    _PerLanguageOrAny(),
]


class MailboxShape(Shape):
    """An address of the town that residents write to."""

    address: MailAddress = Field(
        description="the address; answers come from it", examples=["info@town.example.org"]
    )
    aliases: Annotated[list[MailAddress], OneOrMore] = Field(
        default=[],
        description="other addresses whose mail comes here too",
        examples=["[service@town.example.org]"],
    )
    name: Texts = Field(
        description="name beside the address in what the town sends",
        examples=["{en: Town of Willowmere, fr: Ville de Willowmere}"],
    )
    queue: str = Field(description="queue of what no rule sends elsewhere", examples=["general"])
    subject: str = Field(
        default="", description="subject of what no rule says more about", examples=["general"]
    )
    acknowledge: bool = Field(
        default=True,
        description="is a new mail answered at once with `acknowledgement`?",
        examples=["true"],
    )
    plus_addressing: bool = Field(
        default=True,
        description="does the mail server bring here what is written to `info+anything@`? Then what"
        " the town sends asks for answers to such an address, which names the conversation;"
        " `false`: to the address itself, and the mails that an answer refers to name it",
        examples=["false"],
    )


class MailWhenShape(Shape):
    """A rule applies when everything that is named here holds."""

    mailbox: Annotated[list[str], OneOrMore] = Field(
        default=[], description="came to one of these mailboxes", examples=["[info, bylaw]"]
    )
    sender: Annotated[list[AddressPattern], OneOrMore] = Field(
        default=[],
        description="from one of these: an address, @domain, or *@*.domain for everything below it",
        examples=["[clerk@region.example.org, '@school.example.org', '*@*.region.example.org']"],
    )
    recipient: Annotated[list[AddressPattern], OneOrMore] = Field(
        default=[],
        description="addressed or copied to one of these, written as for `sender`",
        examples=["mayor@town.example.org"],
    )
    words: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="the subject line or the text, quotations left out, has a word of one of these"
        " `word_lists`",
        examples=["illegal_parking"],
    )
    subject_words: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="the subject line has a word of one of these `word_lists`",
        examples=["[invoices]"],
    )
    attachment: bool | None = Field(
        default=None, description="has a file (true), or has none (false)", examples=["true"]
    )
    attachment_kinds: Annotated[list[FileKind], OneOrMore] = Field(
        default=[], description="has a file of one of these kinds", examples=["image/*"]
    )
    size_min: Size | None = Field(
        default=None, description="the whole mail has this size or more", examples=["10 MB"]
    )
    authentication: Literal["", "pass", "fail"] = Field(
        default="",
        description="what a server of `trusted_servers` says about the sender: `pass` or `fail`",
        examples=["fail"],
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.attachment is False and self.attachment_kinds:
            raise wrong(
                "can never hold: no file, and a file of a certain kind; delete one of `attachment`"
                " and `attachment_kinds`"
            )
        return self


class MailRuleShape(Shape):
    """One rule: a condition, and what becomes of the mail."""

    rule: Name = Field(
        description="name of the rule, shown in explanations", examples=["parking_with_photo"]
    )
    when: MailWhenShape = Field(
        default=MailWhenShape(), description="when it applies; left out: always"
    )
    route: str = Field(
        default="",
        description="action: into this queue, `own` = the mailbox's",
        examples=["bylaw"],
    )
    refuse: Texts = Field(
        default={},
        description="action: open nothing, and answer with this text; {subject} and {town} are"
        " filled in",
        examples=["{en: Please call us., fr: Veuillez nous appeler.}"],
    )
    set_aside: bool = Field(
        default=False,
        description="action: keep it where a person sees it, and answer nothing",
        examples=["true"],
    )
    subject: str = Field(
        default="", description="for `route`: what it is about", examples=["stop_sign_down"]
    )
    requires: Requirement = Field(
        default="",
        description="for `route`: skills needed on top of the queue's",
        examples=["bylaw >= 5"],
    )
    head_start: SpanText | None = Field(
        default=None,
        description="for `route`, priority: ranks as if it had come so much earlier",
        examples=["4 h"],
    )
    urgent: bool = Field(
        default=False,
        description="for `route`: ranks before everything that is not urgent",
        examples=["true"],
    )
    close: str = Field(
        default="",
        description="for `route`: closed at once with this wrap-up code; it counts in its queue,"
        " nobody has to do anything and nothing is answered",
        examples=["referred"],
    )
    acknowledge: bool = Field(
        default=True,
        description="for `route`: `false` = not acknowledged, whatever the mailbox says",
        examples=["false"],
    )

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        action = only_action(self, ACTIONS)
        if not action:
            raise wrong(f"does nothing; give one of {', '.join(ACTIONS)}")
        more = [key for key in _ONLY_ROUTED if getattr(self, key)]
        more += [] if self.acknowledge else ["acknowledge"]
        if more and not self.route:
            raise wrong(f"opens no item, so `{more[0]}` means nothing; delete it, or give `route`")
        more = [key for key in _ONLY_OPEN if getattr(self, key)]
        if more and self.close:
            raise wrong(f"closes at once, so `{more[0]}` means nothing; delete it, or `close`")
        return self

    @property
    def action(self) -> str:
        """What becomes of the mail, in one word."""
        return "close" if self.close else only_action(self, ACTIONS)


class MailLimitsShape(Shape):
    """What keeps two machines from writing to each other for ever."""

    automatic_answers_per_day: SomeCount = Field(
        default=3,
        description="most automatic answers to one sender from one mailbox in a day",
        examples=["3"],
    )
    new_items_per_hour: SomeCount = Field(
        default=20,
        description="most mails of one sender to one mailbox that open an item in an hour; more"
        " are set aside",
        examples=["20"],
    )


class ReopeningShape(Shape):
    """What a resident's answer to something that was closed does."""

    within: SpanText = Field(
        default="30 days",
        validate_default=True,
        description="so long after closing an answer opens the old item again; later it begins a"
        " new one that is linked to it",
        examples=["30 days"],
    )
    to_owner_for: SpanOrNever = Field(
        default="4 h",
        validate_default=True,
        description="an answer waits so long for the agent who had it before; `never`: for nobody",
        examples=["4 h"],
    )


class WaitingForResidentShape(Shape):
    """What follows when an agent asked something back and nothing comes."""

    at_most: SpanText = Field(
        default="14 days",
        validate_default=True,
        description="so long the item waits for the resident",
        examples=["14 days"],
    )
    then: Literal["close", "return"] = Field(
        default="close",
        description="`close` it, or `return` it to the agent",
        examples=["close"],
    )


class AttachmentsShape(Shape):
    """Which files agents may open and send."""

    kinds: Annotated[list[FileKind], OneOrMore] = Field(
        default=["image/*", "application/pdf", "text/plain"],
        description="kinds of files; others are kept, but not opened or sent",
        examples=["[image/*, application/pdf]"],
    )
    largest: Size = Field(
        default="10 MB",
        validate_default=True,
        description="largest file that is opened or sent",
        examples=["10 MB"],
    )


class MailFile(Shape):
    """config/mail.yaml; a town without the file takes no mail."""

    mailboxes: dict[Name, MailboxShape] = Field(
        min_length=1, description="the addresses that residents write to"
    )
    word_lists: dict[Name, WordList] = Field(
        default={},
        description="words and phrases that rules look for: whole words, small and capital letters"
        " and accents alike",
        examples=["potholes: {en: [pothole, hole in the road], fr: nid-de-poule}"],
    )
    rules: list[MailRuleShape] = Field(
        default=[],
        description="what becomes of a new mail; the first rule that applies is taken, without one"
        " the mailbox decides",
    )
    acknowledgement: Texts = Field(
        description="answer to a new mail; tells people in danger to dial 911; {reference}, {due}"
        " (in words), {subject} and {town} are filled in",
        examples=["{en: 'Your number is {reference}.', fr: 'Votre numéro est {reference}.'}"],
    )
    signature: Texts = Field(
        description="stands below what agents write; {agent} and {town} are filled in",
        examples=["{en: '{agent}, {town}', fr: '{agent}, {town}'}"],
    )
    page: Texts = Field(
        description="mail to somebody on call (fallback action `page`); {reference}, {subject},"
        " {summary} and {town} are filled in",
        examples=["{en: '{reference}: {summary}', fr: '{reference} : {summary}'}"],
    )
    trusted_servers: Annotated[list[ServerName], OneOrMore] = Field(
        default=[],
        description="mail servers of your own whose Authentication-Results are believed",
        examples=["mx.town.example.org"],
    )
    limits: MailLimitsShape = Field(default=MailLimitsShape(), description="against endless mail")
    reopening: ReopeningShape = Field(
        default_factory=ReopeningShape, description="answers to what was closed"
    )
    waiting_for_resident: WaitingForResidentShape = Field(
        default_factory=WaitingForResidentShape, description="answers that do not come"
    )
    attachments: AttachmentsShape = Field(
        default_factory=AttachmentsShape, description="files that agents open and send"
    )
