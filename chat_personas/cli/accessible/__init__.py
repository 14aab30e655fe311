"""The mode for screen readers: its dialogue over lines, the measuring beside it, and what the slash commands do."""
