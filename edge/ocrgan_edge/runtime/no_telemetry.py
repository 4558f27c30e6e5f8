"""Keeps the runtimes from telling their makers who runs what: a camera speaks to nobody unasked."""

from __future__ import annotations

import os
import sys


def forbid_telemetry() -> None:
    """Must run before the first runtime is imported.

    ONNX Runtime from 1.29 on gives the machine an id, keeps a record in the home folder and sends
    it, unless this variable says no. OpenVINO sends on import, if the package `openvino_telemetry`
    can be imported, which comes with it; without it OpenVINO does nothing of the kind.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    if "openvino_telemetry" not in sys.modules:
        # How the import system marks a module that must not be found.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
