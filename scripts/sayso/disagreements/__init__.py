"""What annotators disagree about: every difference of two readings told once, and shown on its sentence."""
