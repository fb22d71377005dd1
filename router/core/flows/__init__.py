"""Call flows: where a caller stands, what the caller hears, where an answer leads."""
