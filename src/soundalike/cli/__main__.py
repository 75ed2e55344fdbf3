"""`python -m soundalike.cli`, for launchers that start modules."""

from soundalike.cli import main

main()
