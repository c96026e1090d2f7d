"""Runs until it is killed: it ignores SIGTERM."""

import signal

signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    signal.pause()
