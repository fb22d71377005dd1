"""Townline's engine: the core that decides, the runtime that stores, the desk that shows."""
