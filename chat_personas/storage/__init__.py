"""Files that are replaced as a whole, and everything that our SQLite databases have in common."""
