"""How fast and how large kener-py is, measured on the real server: `make bench`, `make bench-scale`, `make soak`.

Every figure stands beside the same figure of a bare WSGI callable, which the same server answered in the same run.
"""
