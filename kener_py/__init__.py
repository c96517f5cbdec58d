"""A heartbeat monitor and status page: one process, one SQLite file, one YAML file."""

__version__ = "0.1.0"
