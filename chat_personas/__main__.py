"""`python -m chat_personas`: the console command where it is not on the path."""

from chat_personas.cli.main import run

run()
