"""Keeps OpenCV and FFmpeg from writing to stderr: what went wrong is said once, by an error."""

from __future__ import annotations

import os

import cv2

AV_LOG_QUIET = "-8"


def quiet_opencv() -> None:
    """Silences both, unless the user asked for their messages by OpenCV's own variables.

    Must run before the first video is opened: FFmpeg's level is read once.
    """
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", AV_LOG_QUIET)
