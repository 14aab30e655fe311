"""What is printed of reports, matrices and comparisons, as tables that fit the terminal."""
