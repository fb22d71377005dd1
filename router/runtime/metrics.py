"""Figures for the operator, served at /metrics under stable names that the documents list.

Counting on the hot path is per batch or a plain addition. What can be read off the state (who
waits, what agents do) is worked out when somebody asks, never kept in step.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from router.core.commands import Command
from router.core.events import AnyEvent, EffectFailed, OfferEnded
from router.core.model import AgentState, AgentStatus, Instant
from router.core.records import Agent
from router.core.state import State

BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
APPEND_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """One registry per daemon."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # half as many lines, and nobody asks for them
        self.registry = CollectorRegistry()
        self.commands: Tally[type[Command]] = Tally()  # decided, repeats after a conflict too
        self.refusals: Tally[str] = Tally()  # by code
        self.offers: Tally[str] = Tally()  # by ending
        self.effects_failed: Tally[str] = Tally()  # by reason
        self.registry.register(_Tallies(self))
        self.batch_size = Histogram(
            "townline_batch_events",
            "Events stored by one append",
            buckets=BATCH_BUCKETS,
            registry=self.registry,
        )
        self.append_seconds = Histogram(
            "townline_append_seconds",
            "Time until an append was confirmed",
            buckets=APPEND_BUCKETS,
            registry=self.registry,
        )
        self.append_troubles = self._counter(
            "townline_append_troubles", "Appends that did not simply succeed", "kind"
        )
        self.shunted = self._counter(
            "townline_shunted", "Commands set aside because of our own mistake", "command"
        )
        self.given_back = self._counter(
            "townline_batches_given_back", "Batches that the journal had lost and has again"
        )
        self.overloaded = self._counter("townline_overloaded", "Senders told to come back later")
        self.policy_reloads = self._counter(
            "townline_policy_reloads", "Edited policies by result", "result"
        )
        self.waiting_commands = Gauge(
            "townline_waiting_commands", "Commands not decided yet", registry=self.registry
        )
        self.forwarded = self._counter(
            "townline_forwarded", "Commands sent to the daemon that decides, by ending", "ending"
        )
        self.decides = Gauge(
            "townline_decides", "1 when this daemon decides for the town", registry=self.registry
        )
        self.daemons = Gauge(
            "townline_daemons", "Daemons that serve the town", registry=self.registry
        )
        self.behind = Gauge(
            "townline_behind_events", "Events stored, not followed yet", registry=self.registry
        )
        self.lag_seconds = Gauge(
            "townline_follow_seconds",
            "Age of the last followed batch when it came",
            registry=self.registry,
        )
        self.events_forgotten = Gauge(
            "townline_events_forgotten",
            "Events stored that the journal keeps no longer",
            registry=self.registry,
        )
        self.ready = Gauge("townline_ready", "1 when /readyz is green", registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def follow(self, events: Sequence[AnyEvent], state: State) -> None:
        """Count what was stored; a subscriber of the publisher."""
        for event in events:
            kind = type(event)
            if kind is OfferEnded:
                self.offers[event.ending] += 1  # type: ignore[union-attr]
            elif kind is EffectFailed:
                self.effects_failed[event.reason] += 1  # type: ignore[union-attr]

    def text(self, state: State, now: Instant) -> bytes:
        """Return everything in Prometheus' text format, with what `state` says."""
        return generate_latest(self.registry) + generate_latest(_state_registry(state, now))


class _Tallies(Collector):
    """Plain counters as Prometheus wants them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        named: tuple[tuple[str, str, str, Iterable[tuple[str, int]]], ...] = (
            (
                "townline_commands",
                "Commands decided",
                "command",
                [(kind.__name__, n) for kind, n in self._metrics.commands.items()],
            ),
            (
                "townline_refusals",
                "Commands refused",
                "code",
                list(self._metrics.refusals.items()),
            ),
            ("townline_offers", "Offers ended", "ending", list(self._metrics.offers.items())),
            (
                "townline_effects_failed",
                "Effects given up",
                "reason",
                list(self._metrics.effects_failed.items()),
            ),
        )
        for name, text, label, rows in named:
            family = CounterMetricFamily(name, text, labels=[label])
            for value, count in rows:
                family.add_metric([value], count)
            yield family


class _StateFigures(Collector):
    """What the state says, worked out while it is being read."""

    def __init__(self, state: State, now: Instant) -> None:
        self._state = state
        self._now = now

    def collect(self) -> Iterator[Metric]:
        state = self._state
        waiting = GaugeMetricFamily(
            "townline_waiting_items", "Items in line", labels=["queue", "tempo"]
        )
        for (queue, tempo), line in sorted(state.index.lines.items()):
            waiting.add_metric([queue, tempo], len(line))
        yield waiting
        agents = GaugeMetricFamily("townline_agents", "Agents by state", labels=["state"])
        states = Tally(state_of(agent) for agent in state.agents.values())
        for name, count in sorted(states.items()):
            agents.add_metric([name], count)
        yield agents
        yield GaugeMetricFamily("townline_items", "Items in memory", value=len(state.items))
        yield GaugeMetricFamily(
            "townline_pending_effects", "Effects not confirmed yet", value=len(state.pending)
        )
        yield GaugeMetricFamily("townline_events", "Events stored", value=state.version)
        yield GaugeMetricFamily(
            "townline_last_event_age_seconds",
            "Time since the last stored event",
            value=max(0, self._now - state.now) / 1e9 if state.now else 0,
        )


def _state_registry(state: State, now: Instant) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_StateFigures(state, now))
    return registry


def state_of(agent: Agent) -> str:
    """Return what the engine does with the agent, or the status that keeps it from doing so."""
    if agent.offer is not None:
        return AgentState.OFFERED
    held = {holding.state for holding in agent.holdings}
    if "handling" in held:
        return AgentState.HANDLING
    if "wrap_up" in held:
        return AgentState.WRAP_UP
    if agent.status is not AgentStatus.AVAILABLE:
        return agent.status
    return AgentState.IDLE
