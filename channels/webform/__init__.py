"""The web form: pages that residents fill in, and the same as JSON for other programs."""
