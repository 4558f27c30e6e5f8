"""Leads frames through the house: settings, one camera's life, the daemon."""
