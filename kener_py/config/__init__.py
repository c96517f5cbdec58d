"""The configuration: one YAML file to one frozen `model.Config`, or every problem in it at once."""

from kener_py.config.files import signature
from kener_py.config.load import load
from kener_py.config.problems import ConfigError, Problem
from kener_py.config.schema import schema

__all__ = ["ConfigError", "Problem", "load", "schema", "signature"]
