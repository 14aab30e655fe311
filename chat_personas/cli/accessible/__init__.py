"""The mode for screen readers: the dialogue over lines, what is measured beside it, and the slash commands."""
