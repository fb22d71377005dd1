"""Every exception raised on purpose, grouped by who must act.

* TownlineError
    * CommandRefused        the caller: nothing changed; ask otherwise, or later
        * UnknownItem, UnknownAgent, StaleOffer, NotNow, NotAllowed, UnknownCommandTarget
    * PolicyError           the administrator: the YAML is wrong; the old policy stays
    * ChannelError          the runtime: the outside world failed; see `retryable`
    * StorageError          the operator: the journal or history cannot be read or written
        * Conflict, StorageFailed (WrongPlace), OutcomeUnknown, StorageUnavailable
    * Overloaded            the sender: too much is waiting; come back in `retry_after_s`
    * SettingsError         the operator: the environment is wrong; the daemon does not start
    * InvariantBroken       we: stop, restart, replay the journal
        * JournalShortened

`code` is stable: logs, metrics and clients rely on it; `docs/operations.md` lists every one.
"""

from __future__ import annotations

from typing import ClassVar


class TownlineError(Exception):
    """Base class; caught at process boundaries only."""

    code: ClassVar[str] = "townline-error"


class CommandRefused(TownlineError):
    """A well-formed command came at a moment when it cannot be honoured; nothing changed."""

    code = "command-refused"


class UnknownItem(CommandRefused):
    """No open work item has this id."""

    code = "unknown-item"

    def __init__(self, item_id: str, why: str = "") -> None:
        said = f"no open work item {item_id!r}"
        super().__init__(f"{said}: {why}" if why else said)
        self.item_id = item_id


class UnknownAgent(CommandRefused):
    """The policy knows no agent of this name, or the agent is not signed in."""

    code = "unknown-agent"

    def __init__(self, agent_id: str, why: str = "no such agent in skills.yaml") -> None:
        super().__init__(f"agent {agent_id!r}: {why}")
        self.agent_id = agent_id


class StaleOffer(CommandRefused):
    """The agent answers an offer that has ended or never was theirs."""

    code = "stale-offer"

    def __init__(self, offer_id: str, agent_id: str, why: str = "") -> None:
        said = f"offer {offer_id!r} is not open to agent {agent_id!r}"
        super().__init__(f"{said}: {why}" if why else said)
        self.offer_id = offer_id
        self.agent_id = agent_id


class NotNow(CommandRefused):
    """The item or agent is in a state in which this cannot be done."""

    code = "not-now"


class NotAllowed(CommandRefused):
    """The policy forbids it (a number that may not be dialled, somebody else's item)."""

    code = "not-allowed"


class UnknownTarget(CommandRefused):
    """The command names a queue, flow, form or number that the policy does not have."""

    code = "unknown-target"


class PolicyError(TownlineError):
    """The policy files are wrong; a running daemon keeps the policy it has."""

    code = "policy-error"


class ChannelError(TownlineError):
    """The carrier, a mail server, a browser: something outside failed."""

    code = "channel-error"

    def __init__(self, message: str, *, retryable: bool, reason: str = "failed") -> None:
        super().__init__(message)
        self.retryable = retryable
        self.reason = reason  # kebab-case, for the engine: failed | gone | refused | timeout ...


class StorageError(TownlineError):
    """The journal or history cannot be read or written."""

    code = "storage-error"


class Conflict(StorageError):
    """The journal stands at another version than expected; nothing was stored."""

    code = "conflict"

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"journal stands at version {actual}, expected {expected}")
        self.expected = expected
        self.actual = actual


class StorageFailed(StorageError):
    """The storage refused and nothing was changed (disk full, read-only, locked)."""

    code = "storage-failed"


class WrongPlace(StorageFailed):
    """What a command shall read or write is not fit for it; storage itself is well."""

    code = "wrong-place"


class OutcomeUnknown(StorageError):
    """The storage was cut off in the middle: the batch may or may not be stored."""

    code = "outcome-unknown"


class StorageUnavailable(StorageError):
    """An append was not confirmed in time; the sender must not believe it stored."""

    code = "storage-unavailable"


class Overloaded(TownlineError):
    """The sequencer's inbox is full."""

    code = "overloaded"

    def __init__(self, retry_after_s: int = 2) -> None:
        super().__init__(f"too much is waiting to be decided; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class SettingsError(TownlineError):
    """The environment is wrong; the message names the variable and the remedy."""

    code = "settings-error"


class InvariantBroken(TownlineError):
    """The program contradicts itself; no state in memory can be trusted."""

    code = "invariant-broken"


class HistoryForked(InvariantBroken):
    """The journal has lost what this daemon holds, or has gone on with something else."""

    code = "history-forked"


class JournalShortened(InvariantBroken):
    """Events are asked for that the journal no longer keeps; begin at a snapshot that it keeps."""

    code = "journal-shortened"

    def __init__(self, after: int, begins_at: int) -> None:
        super().__init__(
            f"event {after + 1} is gone, the journal keeps those after event {begins_at}:"
            " begin once more, with what is kept now"
        )
