"""Surveys: their format, loading one by name or path, and what people answered, by group."""
