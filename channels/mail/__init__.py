"""The mail channel: what residents write to the town's addresses, and what goes back."""
