"""``python -m strategigraf`` is the command ``strategigraf``."""

from strategigraf.cli import main

main()
