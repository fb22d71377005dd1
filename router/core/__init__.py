"""Pure: decides what happens to work items; no clock, no chance, no I/O, no logging."""
