"""HTTP and WebSocket for the people inside: agents, supervisors, administrators."""
