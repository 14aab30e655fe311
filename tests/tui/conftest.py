"""Keeps time in every application of a test, also in those that show one widget alone."""

from chat_personas.tui.terminal_guard import keep_late_calls

keep_late_calls()
