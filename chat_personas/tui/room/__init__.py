"""Screens with several personas at once: one question to a whole room."""
