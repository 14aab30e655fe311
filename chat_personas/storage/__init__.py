"""Where things are kept on disk: files written at one stroke, and the plumbing of SQLite."""
