"""Installs a bundle that lies in the models folder: checked first, rolled back if it fails."""

from __future__ import annotations

import logging
import stat
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from ocrgan_edge.alerts.command_value import CommandError
from ocrgan_edge.alerts.commands import SUFFIX, model_name
from ocrgan_edge.alerts.messages import ModelMessage
from ocrgan_edge.bundle import Bundle
from ocrgan_edge.errors import BundleError, OcrganError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.signature import open_trusted

MOST_OFFERED = 100
"""Bundles that are told of; the newest ones."""
LONGEST_REASON = 200
"""Characters of a runtime's own words."""
_log = logging.getLogger(__name__)


def offered(folder: Path | None) -> tuple[str, ...]:
    """Names of the bundles in a models folder, the newest file first; none if it cannot be read."""
    if folder is None:
        return ()
    found: list[tuple[int, str]] = []
    try:
        for path in folder.iterdir():
            if path.suffix == SUFFIX and (at := _written_at(path)) is not None:
                found.append((-at, path.name))
    except OSError:
        return ()
    return tuple(name for _, name in sorted(found)[:MOST_OFFERED])


def check_model(
    folder: Path | None,
    name: str,
    targets: Iterable[str | None] = (None,),
    keys: Path | None = None,
    threads: int = 1,
) -> Bundle:
    """Opens a bundle of the models folder and runs the self-test of each target.

    The bundle is in memory then: what happens to the file later does not change what was checked.

    Args:
        folder: the models folder.
        name: file name in it, without any folder.
        targets: what cameras will open it with; None: the fastest for this machine.
        keys: who must have signed it; None: nobody.
        threads: for the self-test; few, because cameras go on being scored meanwhile.

    Raises:
        SettingsError: there is no models folder, the name is none of a file in it, or a target
            needs OpenVINO, which is not installed.
        BundleError: the bundle is refused.
    """
    if folder is None:
        raise CommandError("no model can be installed: there is no models folder in the settings")
    path = folder / model_name(name)
    if not _lies_in(folder, path):
        raise CommandError(f"model is {name!r}, but must be a file that lies in {folder}")
    try:
        bundle = open_trusted(path, keys)
        for target in set(targets):
            open_scorer(bundle, target, threads)
    except BundleError as error:
        named = str(path) in str(error)
        raise error if named else BundleError(f"bundle {path}: {error}") from error
    except OcrganError:
        raise
    except Exception as error:  # a runtime may raise anything at a graph of a stranger
        raise BundleError(f"bundle {path} cannot be used ({_one_line(error)})") from error
    return bundle


class Installer:
    """Which model is in use, and how it came to be so. Calls come from one thread at a time."""

    def __init__(
        self,
        folder: Path | None,
        in_use: Bundle | None,
        say: Callable[[ModelMessage], None],
        keys: Path | None = None,
    ) -> None:
        """Says what is installed.

        Args:
            folder: the models folder.
            in_use: the cameras' bundle; None: they have different ones.
            say: told of every change, to be published.
            keys: who must have signed what is installed; None: nobody.
        """
        self._folder = folder
        self._in_use = in_use
        self._say = say
        self._keys = keys
        self._busy = threading.Lock()
        self._newest = self._message()
        say(self._newest)

    @property
    def in_use(self) -> Bundle | None:
        """What the cameras score by; None: they have different ones."""
        return self._in_use

    @property
    def newest(self) -> ModelMessage:
        """What was said last."""
        return self._newest

    def install(
        self,
        name: str,
        switch: Callable[[Bundle | None], None],
        targets: Iterable[str | None] = (None,),
    ) -> Bundle | None:
        """Checks a bundle and lets the cameras use it; takes seconds, so not on a scoring thread.

        The one before is used until the new one has passed its self-test. If the switch itself
        fails, it is called once more with what was in use before; only what that raises comes
        through.

        Args:
            name: file name in the models folder.
            switch: makes all cameras score by a bundle; None: by those of the configuration.
            targets: see `check_model`.

        Returns:
            The installed bundle; None if it was refused or rolled back: the message says why.

        Raises:
            CommandError: another installation is still going on.
        """
        if not self._busy.acquire(blocking=False):
            raise CommandError(f"model is {name!r}, but another one is still being installed")
        try:
            self._tell("installing")
            bundle = check_model(self._folder, name, targets, self._keys)
            self._switch(bundle, switch)
        except OcrganError as error:
            _log.error("model %s was not installed: %s", name, error)
            self._tell("failed", str(error))
            return None
        except BaseException as error:
            self._tell("failed", f"the model before cannot be used again ({_one_line(error)})")
            raise
        finally:
            self._busy.release()
        _log.info("model %s is installed (%s)", name, bundle.sha256[:12])
        self._tell("ok")
        return bundle

    def look_again(self) -> bool:
        """Says what the models folder offers if that has changed, and whether it has."""
        now = self._newest.model_copy(update={"offered": offered(self._folder)})
        changed = now != self._newest
        if changed:
            self._newest = now
            self._say(now)
        return changed

    def _switch(self, bundle: Bundle, switch: Callable[[Bundle | None], None]) -> None:
        try:
            switch(bundle)
        except Exception as error:
            switch(self._in_use)
            why = _one_line(error)
            raise BundleError(f"the cameras cannot use {bundle.path}: {why}") from error
        self._in_use = bundle

    def _tell(self, state: str, message: str | None = None) -> None:
        self._newest = self._message(state, message)
        self._say(self._newest)

    def _message(self, state: str = "ok", message: str | None = None) -> ModelMessage:
        return ModelMessage.model_validate(
            {
                "installed": self._in_use.path.name if self._in_use else None,
                "sha256": self._in_use.sha256 if self._in_use else None,
                "state": state,
                "message": message,
                "offered": offered(self._folder),
            }
        )


def _one_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0][:LONGEST_REASON] if lines else type(error).__name__


def _lies_in(folder: Path, path: Path) -> bool:
    """Whether a path is a plain file of the folder, and not by a link that leads out of it."""
    try:
        inside = path.resolve(strict=True).parent == folder.resolve(strict=True)
        return inside and stat.S_ISREG(path.stat().st_mode)
    except (OSError, RuntimeError, ValueError):
        return False


def _written_at(path: Path) -> int | None:
    """When a plain file was written, in nanoseconds; None if it is none or its name is unusual."""
    try:
        model_name(path.name)
        return path.stat().st_mtime_ns if _lies_in(path.parent, path) else None
    except (OSError, CommandError):
        return None
