"""aarch64 for real: what a Raspberry Pi installs and runs, tried in an emulated Debian on x86."""
