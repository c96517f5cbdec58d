"""Feeds: one list of entries, as Atom, RSS and JSON."""
