"""Waits for a state, with a limit."""

import time

LIMIT = 30


def until(what, look, limit=LIMIT, every=0.02):
    """Looks until `look` says something true, which is handed back."""
    deadline = time.monotonic() + limit
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"waited {limit} s for {what}; the last look saw {seen!r}"
        time.sleep(every)
