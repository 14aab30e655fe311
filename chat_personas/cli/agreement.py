"""Let nobody be surprised by a bill: another machine is probed only after the person agreed."""

import sys
from typing import TYPE_CHECKING

import typer

from chat_personas import consent
from chat_personas.cli.exit_codes import UsageError
from chat_personas.text import counted

if TYPE_CHECKING:
    from eval.engine import EngineInfo


def agree(info: "EngineInfo", requests: int, *, agreed: bool) -> None:
    """Ask whether a server on another machine may be sent so many requests; remember it.

    `agreed` means that it was agreed to on the command line. Nothing is asked for this machine, or a second time.

    Raises:
        UsageError: the person did not agree, or is not there to be asked.
    """
    if consent.is_confirmed(info):
        return
    what = f"this sends {counted(requests, 'request')} to {info.name} and may cost money"
    if not agreed:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError(f"{what}; add --yes to agree")
        if not typer.confirm(f"{what}. Go on?", err=True):
            raise UsageError("nothing was sent, as you did not agree")
    consent.remember(info)
