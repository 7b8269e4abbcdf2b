"""What can be wrong with a call for a run, in words for a person."""

from __future__ import annotations

from graftwork.plugin_api import GraftworkError


class UnknownRunError(GraftworkError):
    """There is no such run; the message says which come near."""


class RunFolderError(GraftworkError):
    """A run cannot be kept in the folder that was asked for."""


class OutputFileError(GraftworkError):
    """A file cannot be written where the user wants it, or would replace what must stay."""


class RunUseError(GraftworkError):
    """A run cannot be evaluated or exported as it is; the message says why and what to do."""
