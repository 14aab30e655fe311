"""Widgets of the screens; each shows one thing and knows nothing of where it came from."""
