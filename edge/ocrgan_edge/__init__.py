"""What a device runs, and the contracts the makers share with it: frame, window, score, bundle."""
