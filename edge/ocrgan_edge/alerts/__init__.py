"""What the daemon says and how it is said: payloads, topics, MQTT."""
