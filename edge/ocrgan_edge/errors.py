"""Every error that a user can cause, as one tree.

    OcrganError               exit code 1
    ├── SettingsError         2   a setting is unknown or has a bad value
    ├── SourceError           3   a camera, stream, file or folder cannot be read
    ├── BundleError           4   a bundle is refused
    ├── BrokerError           5   the MQTT broker's address is wrong or it refuses us for good
    └── DataError             6   recordings or labels are not what they should be

A message is one sentence that names the value and what was wanted. Commands print it without a
traceback and exit with the class's code.
"""


class OcrganError(Exception):
    """Something the user can put right; the message says what and how."""

    exit_code = 1


class SettingsError(OcrganError):
    """A setting is unknown or has a value that cannot be used."""

    exit_code = 2


class SourceError(OcrganError):
    """A camera, stream, video file or folder of frames cannot be opened or read."""

    exit_code = 3


class BundleError(OcrganError):
    """A bundle is truncated, altered, from a newer version, or does not pass its self-test."""

    exit_code = 4


class BrokerError(OcrganError):
    """The MQTT broker's address cannot be used or the broker refuses the connection for good."""

    exit_code = 5


class DataError(OcrganError):
    """Recordings or labels are missing, broken, or do not fit together."""

    exit_code = 6
