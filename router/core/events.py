"""What became true: past tense, versioned, stored for ever.

Stored as msgpack arrays (tag first, then the fields in order), so fields are only ever appended,
each with a default; any other change is a new struct with a new tag and an upcaster in
`router.core.upcast`. No field holds a resident's words, number or name: only references.
Everything that rules or time decided (due instants, chosen agents, the rule that fired) stands in
the event, because `apply` never computes what could change later.
"""

from __future__ import annotations

from router.core.event_base import Event, Tried
from router.core.events_calls import (
    CallbackPromised,
    CallbackUnreturned,
    ConsultBegun,
    ConsultCompleted,
    ConsultEnded,
)
from router.core.events_hours import (
    LanguageGapEntered,
    LanguageGapLasted,
    LanguageGapLeft,
    MessageAnnounced,
    MessageWithdrawn,
    OnCallTold,
    QueueLimited,
    SurgeBegun,
    SurgeEnded,
)
from router.core.events_items import (
    CallbackAttempted,
    CallbackBooked,
    CallbackMerged,
    EstimateSpoken,
    FallbackWalked,
    FlowMoved,
    HandlingStarted,
    ItemAbandoned,
    ItemClosed,
    ItemDeferred,
    ItemDiverted,
    ItemForgotten,
    ItemHeld,
    ItemPrioritised,
    ItemQueued,
    ItemReceived,
    ItemReopened,
    ItemResumed,
    ItemReturned,
    ItemShaped,
    ItemShunted,
    ItemTransferred,
    LateNoted,
    LegChanged,
    MessageLeft,
    NumberDialled,
    OfferEnded,
    OfferMade,
    OfferSeen,
    OutsideTried,
    PassedOverAgain,
    RoomNoted,
    ServiceLevelCounted,
    StepTaken,
    WrapUpStarted,
)
from router.core.events_lead import ItemAssigned, SkillsRestored, SkillsSet
from router.core.events_listening import ListeningBegun, ListeningChanged, ListeningEnded
from router.core.events_text import (
    AutoAnswered,
    ChatRated,
    ContactGiven,
    ConversationBegun,
    ConversationJoined,
    DeliveryFailed,
    ItemLinked,
    ItemMerged,
    ItemParked,
    ItemSplit,
    ItemUnmerged,
    ItemWoken,
    MailKept,
    MessageAdded,
    OwnerNoted,
    PageAnswered,
    PageSent,
    ResidentLeft,
    RuleApplied,
    RuleUndone,
    UnreadMailed,
)
from router.core.events_town import (
    AgentSignedIn,
    AgentSignedOut,
    AgentStatusSet,
    ConditionEntered,
    ConditionLasted,
    ConditionLeft,
    EffectDone,
    EffectFailed,
    EffectWanted,
    EmergencyCleared,
    EmergencySet,
    KeyDropped,
    KeyKept,
    LeasesRenewed,
    PolicyAdopted,
    QueueHoursChanged,
    ServiceResumed,
)
from router.core.events_waiting import EstimateMet
from router.core.events_walks import LoneWalkBegun, LoneWalkEnded, LoneWalkRang

AnyEvent = (
    PolicyAdopted
    | ServiceResumed
    | EmergencySet
    | EmergencyCleared
    | QueueHoursChanged
    | ConditionEntered
    | ConditionLasted
    | ConditionLeft
    | KeyKept
    | KeyDropped
    | ItemReceived
    | ItemShaped
    | FlowMoved
    | FallbackWalked
    | NumberDialled
    | OutsideTried
    | ItemQueued
    | StepTaken
    | LateNoted
    | PassedOverAgain
    | ItemPrioritised
    | EstimateSpoken
    | EstimateMet
    | OfferMade
    | OfferSeen
    | OfferEnded
    | HandlingStarted
    | LegChanged
    | RoomNoted
    | ItemHeld
    | ItemResumed
    | ItemReturned
    | ItemTransferred
    | WrapUpStarted
    | ItemClosed
    | ItemAbandoned
    | ItemDiverted
    | ItemDeferred
    | MessageLeft
    | ItemShunted
    | ItemReopened
    | ItemForgotten
    | ServiceLevelCounted
    | CallbackBooked
    | CallbackAttempted
    | CallbackMerged
    | AgentSignedIn
    | AgentSignedOut
    | AgentStatusSet
    | LeasesRenewed
    | EffectWanted
    | EffectDone
    | EffectFailed
    | ConversationBegun
    | ConversationJoined
    | MessageAdded
    | ContactGiven
    | ItemLinked
    | OwnerNoted
    | RuleApplied
    | RuleUndone
    | MailKept
    | DeliveryFailed
    | AutoAnswered
    | PageSent
    | PageAnswered
    | ResidentLeft
    | ChatRated
    | ItemMerged
    | ItemUnmerged
    | ItemSplit
    | ItemParked
    | UnreadMailed
    | ItemWoken
    | OnCallTold
    | MessageAnnounced
    | MessageWithdrawn
    | SurgeBegun
    | SurgeEnded
    | QueueLimited
    | LanguageGapEntered
    | LanguageGapLasted
    | LanguageGapLeft
    | ConsultBegun
    | ConsultEnded
    | ConsultCompleted
    | CallbackPromised
    | CallbackUnreturned
    | ItemAssigned
    | LoneWalkBegun
    | LoneWalkRang
    | LoneWalkEnded
    | SkillsSet
    | SkillsRestored
    | ListeningBegun
    | ListeningChanged
    | ListeningEnded
)

__all__ = [
    "AgentSignedIn",
    "AgentSignedOut",
    "AgentStatusSet",
    "AnyEvent",
    "AutoAnswered",
    "CallbackAttempted",
    "CallbackBooked",
    "CallbackMerged",
    "CallbackPromised",
    "CallbackUnreturned",
    "ChatRated",
    "ConditionEntered",
    "ConditionLasted",
    "ConditionLeft",
    "ConsultBegun",
    "ConsultCompleted",
    "ConsultEnded",
    "ContactGiven",
    "ConversationBegun",
    "ConversationJoined",
    "DeliveryFailed",
    "EffectDone",
    "EffectFailed",
    "EffectWanted",
    "EmergencyCleared",
    "EmergencySet",
    "EstimateMet",
    "EstimateSpoken",
    "Event",
    "FallbackWalked",
    "FlowMoved",
    "HandlingStarted",
    "ItemAbandoned",
    "ItemAssigned",
    "ItemClosed",
    "ItemDeferred",
    "ItemDiverted",
    "ItemForgotten",
    "ItemHeld",
    "ItemLinked",
    "ItemMerged",
    "ItemParked",
    "ItemPrioritised",
    "ItemQueued",
    "ItemReceived",
    "ItemReopened",
    "ItemResumed",
    "ItemReturned",
    "ItemShaped",
    "ItemShunted",
    "ItemSplit",
    "ItemTransferred",
    "ItemUnmerged",
    "ItemWoken",
    "KeyDropped",
    "KeyKept",
    "LanguageGapEntered",
    "LanguageGapLasted",
    "LanguageGapLeft",
    "LateNoted",
    "LeasesRenewed",
    "LegChanged",
    "ListeningBegun",
    "ListeningChanged",
    "ListeningEnded",
    "LoneWalkBegun",
    "LoneWalkEnded",
    "LoneWalkRang",
    "MailKept",
    "MessageAdded",
    "MessageAnnounced",
    "MessageLeft",
    "MessageWithdrawn",
    "NumberDialled",
    "OfferEnded",
    "OfferMade",
    "OfferSeen",
    "OnCallTold",
    "OutsideTried",
    "OwnerNoted",
    "PageAnswered",
    "PageSent",
    "PassedOverAgain",
    "PolicyAdopted",
    "QueueHoursChanged",
    "QueueLimited",
    "ResidentLeft",
    "RoomNoted",
    "RuleApplied",
    "RuleUndone",
    "ServiceLevelCounted",
    "ServiceResumed",
    "SkillsRestored",
    "SkillsSet",
    "StepTaken",
    "SurgeBegun",
    "SurgeEnded",
    "Tried",
    "UnreadMailed",
    "WrapUpStarted",
]
