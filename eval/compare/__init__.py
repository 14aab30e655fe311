"""Two reports of the same questions, compared question by question."""
