"""The hidden states of the embedded model: read at the end of a text, and changed while it computes."""
