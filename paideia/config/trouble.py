"""The one exception of starting, stopping and keeping: a person reads it and acts on it."""


class Trouble(Exception):
    """What is wrong and what to do about it, in words for the person at the terminal.

    The command line prints it without a traceback and ends with status 1.
    """
