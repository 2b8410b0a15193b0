"""Streams of LabStreamingLayer on this machine, sent by processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

# Streams are looked for on this machine only.
SETTINGS = """
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {127.0.0.1}
[log]
level = -3
"""
# 40 s of EDA in two pieces, beside another channel; each time is given, whatever the speed.
SENDER = """
import sys, time
import numpy as np
import pylsl
name, rate, eda_unit = sys.argv[1], 32, sys.argv[2]
info = pylsl.StreamInfo(name, "EDA", 2, rate, pylsl.cf_double64, name)
channels = info.desc().append_child("channels")
for label, unit in (("Battery", "V"), ("EDA", eda_unit)):
    channel = channels.append_child("channel")
    channel.append_child_value("label", label)
    channel.append_child_value("unit", unit)
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
if not outlet.wait_for_consumers(120):
    sys.exit("nobody listens")
begin = pylsl.local_clock() - 40
for k in range(40 * rate):
    t = k / rate
    value = 2 + 0.3 * np.sin(t / 8) + 0.05 * np.sin(t)
    outlet.push_sample([3.7, value], begin + t)
sys.stdin.readline()
"""


@contextmanager
def sent(name: str, unit: str = "microsiemens", n_senders: int = 1) -> Iterator[Callable[[], None]]:
    """Send a stream, or several of one name, while the body runs.

    Yields
    ------
    callable
        Lets the senders end by themselves and waits for it, where the body has listened to them.
    """
    command = [sys.executable, "-c", SENDER, name, unit]
    with ExitStack() as stack:
        senders = []
        for _ in range(n_senders):
            sender = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.callback(sender.communicate)
            stack.callback(sender.kill)
            senders.append(sender)
        for sender in senders:
            assert sender.stdout is not None
            assert sender.stdout.readline() == "ready\n"

        def end() -> None:
            for sender in senders:
                assert sender.stdin is not None
                sender.stdin.write("\n")
                sender.stdin.flush()
                assert sender.wait(timeout=60) == 0

        yield end
