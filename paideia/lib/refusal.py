"""Refusals: what a person asked for cannot be done, and what they can do about it."""


class Refused(Exception):
    """Base of all. `message` is shown to the person who asked; `status` is the HTTP answer."""

    status = 422

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(Refused):
    """What was given does not fit."""


class NotAllowed(Refused):
    """The person may see the thing, but not do this with it."""

    status = 403


class NotFound(Refused):
    """The thing is absent, or not for this person to know of."""

    status = 404


class Conflict(Refused):
    """Somebody else was faster: look again."""

    status = 409
