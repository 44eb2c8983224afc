"""Time limits that hold on slow and busy machines: seconds of a machine on which the control takes 8.3 ms."""

import time
from collections.abc import Callable

CONTROL_SECONDS = 0.0083  # measured on the machine that the limits in the tests were set on


def cpu_seconds(action: Callable[[], object]) -> float:
    """Processor seconds of `action`, in the pace of a control run before and after it."""
    before = _control()
    start = time.process_time()
    action()
    taken = time.process_time() - start
    return taken * CONTROL_SECONDS / max(before, _control())


def _control() -> float:
    start = time.process_time()
    sum(number * number for number in range(300_000))
    return time.process_time() - start
