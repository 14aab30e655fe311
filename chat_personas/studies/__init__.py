"""Numbers that studies rest on: what participants learnt about a group, and weights that make a sample look like it."""
