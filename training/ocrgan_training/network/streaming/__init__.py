"""The network frame by frame: every module over time in causal form, with its past as a state."""
