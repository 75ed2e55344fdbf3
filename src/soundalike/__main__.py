"""`python -m soundalike`: the command line, also where the folder of programs is not in PATH."""

from soundalike.cli import main

main()
