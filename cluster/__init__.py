"""Real servers for one machine."""
