"""Steering from inside: directions in a model's hidden states, trained, kept in files, and judged."""
