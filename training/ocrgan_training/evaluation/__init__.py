"""How detection is measured."""
