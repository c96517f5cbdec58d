"""A made-up site in every state that its status page can be in, with a year behind it.

Files and rows are those of a real server. No clock and no chance: all depends on the instant that is given.
"""

from kener_py.demo.jobs import Jobs
from kener_py.demo.states import STATES, Prepared, prepare

__all__ = ["STATES", "Jobs", "Prepared", "prepare"]
