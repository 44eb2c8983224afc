"""The greatest memory of this process since it last forgot."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

OWN = Path("/proc/self")


def forget_peak() -> None:
    """Start counting anew, where the kernel lets us (Linux); elsewhere the peak is of the whole process."""
    with suppress(OSError):
        (OWN / "clear_refs").write_text("5")


def peak_mb() -> float:
    """Greatest resident size since then, in MB."""
    with suppress(OSError):
        for line in (OWN / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
