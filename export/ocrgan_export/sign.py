"""`ocrgan-sign`: says whose bundle it is, for devices that take no other's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.command_line import run as run_command
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.signature import check_signature, read_private_key, read_public_keys, sign_bundle

EPILOG = """
Examples:

openssl genpkey -algorithm ed25519 -out shop.key

openssl pkey -in shop.key -pubout -out shop.pem

ocrgan-sign door.ocrgan --key shop.key

ocrgan-sign door.ocrgan --check shop.pem

The key stays where bundles are made. A device gets shop.pem: trusted_keys = "shop.pem" in its
settings, and refuses bundles that are not signed by it. Whatever changes a bundle afterwards
(ocrgan-calibrate --bundle) takes the signature away.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog=EPILOG)
def command(
    bundle: Annotated[Path, typer.Argument(help="The bundle.")],
    key: Annotated[Path | None, typer.Option(help="Private key that signs it (PEM).")] = None,
    check: Annotated[
        Path | None, typer.Option(help="Public keys (PEM): is it signed by one of them?")
    ] = None,
) -> None:
    """Signs a bundle with an Ed25519 key, or says whether one of some keys has signed it."""
    if (key is None) == (check is None):
        raise SettingsError("wanted either --key FILE, which signs, or --check FILE")
    if key is not None:
        sign_bundle(bundle, read_private_key(key))
        print(f"{bundle}: signed by {key}")
    if check is not None:
        check_signature(open_bundle(bundle), read_public_keys(check), str(check))
        print(f"{bundle}: signed by {check}")


def main() -> None:
    """Runs the command."""
    sys.exit(run_command(app))


if __name__ == "__main__":
    main()
