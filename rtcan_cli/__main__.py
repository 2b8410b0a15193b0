"""The ``rtcan`` script, and ``python -m rtcan_cli``: ready for Ctrl-C before anything is loaded."""

from __future__ import annotations

import signal
import sys
from types import FrameType

_EXIT_INTERRUPTED = 130  # that of `rtcan_cli.console`, which is not loaded yet


class _Interrupted(BaseException):
    """Ctrl-C outside a command. Typer has answers of its own to a KeyboardInterrupt."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise _Interrupted


def main() -> None:
    """Load rtcan and run the command that was typed.

    A command deals with Ctrl-C itself. Before one has begun there is nothing to tidy up.
    """
    try:
        # One that was ignored when rtcan was started stays ignored.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
        from rtcan_cli.app import main as run

        run()
    except (_Interrupted, KeyboardInterrupt):
        if sys.stderr is not None:
            print("error: interrupted", file=sys.stderr)
        sys.exit(_EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
