"""The practice line: a telephone carrier without telephones.

It asks the town's webhooks for TwiML, plays what it gets to people made of code, and offers the
carrier's REST calls. `townline line` is a phone on it; tests use it as the carrier. It knows the
town by its web addresses only: nothing of the engine, nothing of the rest of the voice channel.
"""
