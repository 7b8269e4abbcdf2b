"""How many changed views of each image are worth computing once."""

from __future__ import annotations

MOST = 8
"""More views than this are only made if the user asks for them."""

_EPOCHS_A_VIEW = 3


def chosen_views(
    wanted: int | None, epochs: int, row_bytes: int, images: int, room: int
) -> int | None:
    """How many views to compute; None if every epoch shall see new changes.

    ``images`` are the training images, each of which takes ``row_bytes`` a view, and ``room`` the
    bytes that all rows may take. Unless the user says how many, an image is shown about three times
    in each view, so that frozen stages cost a third of what they cost live; fewer than two views
    are no augmentation.
    """
    if wanted is not None:
        return wanted if wanted < epochs else None
    affordable = room // max(1, images * row_bytes)
    views = min(max(2, epochs // _EPOCHS_A_VIEW), MOST, affordable)
    return views if 2 <= views <= epochs // 2 else None
