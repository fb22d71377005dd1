"""The shell around the core: time, storage, effects, the daemon and its settings."""
