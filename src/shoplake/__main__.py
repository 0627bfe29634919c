"""`python -m shoplake` is `shoplake`."""

from shoplake.cli import main

main()
