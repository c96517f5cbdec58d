from kener_py.cli import main

main(prog_name="kener-py")
