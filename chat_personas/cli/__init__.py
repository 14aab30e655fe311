"""The command line: parse, call, print. From here on `eval` and `personas` are the packages beside this one."""

from chat_personas.cli.bootstrap import prefer_own_packages

prefer_own_packages()
