"""Live probing: what a round asks, the round itself, earlier rounds, recording, and drift over the turns."""
