"""What a measurement means in plain words: in one sentence, section by section of the panel, and word by word."""
