"""The command ``graftwork``: alone it opens the window, with a subcommand it works without one."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command and leave with its exit code."""
    if len(sys.argv) > 1:
        from graftwork.cli.main import run

        run()
    else:
        from graftwork.app import open_window

        sys.exit(open_window())


if __name__ == "__main__":
    main()
