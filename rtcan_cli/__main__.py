"""Run rtcan as ``python -m rtcan_cli``."""

from rtcan_cli.app import main

main()
