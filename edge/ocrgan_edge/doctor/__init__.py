"""Looks a device over: can it do what it is there for, and if not, what is to be done."""
