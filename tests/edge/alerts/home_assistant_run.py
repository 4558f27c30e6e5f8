"""Runs under a Python that has Home Assistant: a real one with the MQTT integration alone.

Arguments: a folder for its configuration and the broker's port. Each line on stdin is either
`states`, answered by all states as JSON, or a service call as JSON, answered by `null`.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any

ENTRY = {
    "created_at": "2025-01-01T00:00:00+00:00",
    "modified_at": "2025-01-01T00:00:00+00:00",
    "disabled_by": None,
    "discovery_keys": {},
    "domain": "mqtt",
    "entry_id": "01J",
    "version": 1,
    "minor_version": 2,
    "options": {},
    "pref_disable_new_entities": False,
    "pref_disable_polling": False,
    "source": "user",
    "subentries": [],
    "title": "mqtt",
    "unique_id": None,
}


def configure(folder: Path, port: int) -> None:
    entry = ENTRY | {"data": {"broker": "127.0.0.1", "port": port}}
    entries = {"version": 1, "minor_version": 5, "key": "core.config_entries"}
    (folder / ".storage").mkdir()
    (folder / ".storage" / "core.config_entries").write_text(
        json.dumps(entries | {"data": {"entries": [entry]}})
    )
    (folder / "configuration.yaml").write_text("homeassistant:\n  name: Test\nhttp:\n")


async def started(folder: Path) -> Any:
    bootstrap = importlib.import_module("homeassistant.bootstrap")
    runner = importlib.import_module("homeassistant.runner")
    nothing: set[str] = set()
    # Without its web pages: they need packages that have nothing to do with MQTT.
    for group in ("DEFAULT", "CRITICAL", "STAGE_1"):
        setattr(bootstrap, f"{group}_INTEGRATIONS", nothing)
    bootstrap.STAGE_0_INTEGRATIONS = tuple(
        (name, nothing if name == "frontend" else integrations, seconds)
        for name, integrations, seconds in bootstrap.STAGE_0_INTEGRATIONS
    )
    hass = await bootstrap.async_setup_hass(
        runner.RuntimeConfig(config_dir=str(folder), skip_pip=True, safe_mode=False)
    )
    await hass.async_start()
    return hass


async def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    configure(folder, port)
    hass = await started(folder)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    print(json.dumps("ready"), flush=True)
    while line := (await lines.readline()).decode().strip():
        answer = None
        if line == "states":
            answer = {
                state.entity_id: [state.state, {k: str(v) for k, v in state.attributes.items()}]
                for state in hass.states.async_all()
            }
        else:
            await hass.services.async_call(*json.loads(line), blocking=True)
        print(json.dumps(answer), flush=True)
    await hass.async_stop(force=True)


if __name__ == "__main__":
    importlib.import_module("homeassistant.runner")
    asyncio.run(main())
