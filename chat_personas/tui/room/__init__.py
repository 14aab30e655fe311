"""Screens with several personas at once: one question to a whole room, and the same message to some side by side."""
