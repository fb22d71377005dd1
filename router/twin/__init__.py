"""The same core under a simulated clock: what would happen with other rules, staff or traffic."""
