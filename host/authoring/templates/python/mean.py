"""What needs no host, and is tested without one."""

from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """The mean; 0 of no values."""
    return sum(values) / max(len(values), 1)
