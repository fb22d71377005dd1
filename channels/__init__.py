"""One folder per channel; each turns the outside's messages into commands and effects into messages."""
