"""Runs under a Python that has Home Assistant: does it take the discovery message on stdin?

Prints the number of components that Home Assistant would set up; fails with its own words.
"""

import asyncio
import importlib
import json
import logging
import sys
import tempfile


class Loud(logging.Handler):
    """What Home Assistant only warns about is wrong too."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.exit(f"{record.name} warns: {record.getMessage()}")


async def main() -> None:
    mqtt = "homeassistant.components.mqtt"
    # Templates are only compiled where a Home Assistant runs.
    importlib.import_module("homeassistant.core").HomeAssistant(tempfile.gettempdir())
    schemas = importlib.import_module(f"{mqtt}.schemas")
    merge = importlib.import_module(f"{mqtt}.discovery")._merge_common_device_options
    logging.getLogger("homeassistant").addHandler(Loud(logging.WARNING))
    message = json.load(sys.stdin)
    schemas.DEVICE_DISCOVERY_SCHEMA(message)
    taken = 0
    for name, component in message["components"].items():
        platform = component.pop("platform")
        if not component:  # it is to be removed
            continue
        component |= {"device": message["device"], "origin": message["origin"]}
        merge(component, message)
        checked = importlib.import_module(f"{mqtt}.{platform}").DISCOVERY_SCHEMA(dict(component))
        left_out = component.keys() - checked.keys()
        if left_out:
            sys.exit(f"{name}: Home Assistant does not know {sorted(left_out)}")
        taken += 1
    print(taken)


if __name__ == "__main__":
    asyncio.run(main())
