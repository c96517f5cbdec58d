"""How fast and how large kener-py is: `make bench`, `make bench-scale`, `make soak`.

Every figure stands beside that of something that does nothing, measured on the same machine in the same run.
"""
