"""The telephone: a TwiML carrier's webhooks in, TwiML and calls to the carrier out."""
