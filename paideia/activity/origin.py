"""From which address the request at hand came: kept with what it does that is audited."""

from contextvars import ContextVar

address: ContextVar[str] = ContextVar("address", default="")


def address_now() -> str:
    """The address, or "" where no request is at work: a job, a command."""
    return address.get()
