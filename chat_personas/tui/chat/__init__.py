"""The screen on which people talk, and what controls it: replies, measuring, going from one conversation to another."""
