"""The one kind of error whose message is written for the person at the screen."""

from __future__ import annotations


class GraftworkError(Exception):
    """Something that a person can mend; the message says what is wrong, where, and what to do.

    It is shown as it is; any other exception is shown as a fault of the program, with its
    traceback.
    """
