"""What a persona answers to survey questions, and how close that is to people."""
