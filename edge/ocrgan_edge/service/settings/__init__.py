"""What the daemon can be told: models, TOML file, environment, command line, secrets."""
