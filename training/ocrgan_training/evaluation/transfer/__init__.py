"""How much recording and how much training a new scene needs."""
