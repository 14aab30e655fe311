"""How things are called and said, once for all faces: measurements, conversations, the matrix, steering."""
