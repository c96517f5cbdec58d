from kener_py.cli import main

main()
