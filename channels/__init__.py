"""One folder per channel: the outside's messages become commands, effects become messages."""
