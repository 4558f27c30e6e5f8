"""How every command ends: what the user can put right is one line on stderr and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ocrgan_edge.errors import OcrganError

INTERRUPTED = 130


def run(command: Callable[[], object]) -> int:
    """Runs a command and gives its exit code; typer itself exits with 2 on options it refuses.

    `error: …` and the error's own code for an `OcrganError`, 130 for Ctrl-C; anything else is a
    fault of ours and keeps its traceback.
    """
    try:
        command()
    except OcrganError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
