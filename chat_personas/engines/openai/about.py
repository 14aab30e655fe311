"""What is recorded about the model behind a server."""

import hashlib

from chat_personas.engines.openai.discovery import Capabilities


def details(capabilities: Capabilities, account: str | None = None) -> dict[str, str]:
    """Return what tells two models on one address apart, two ways of asking one, and two accounts (`account_of`).

    `answers as` is the name in the server's answers: behind an alias, it is the version that answers now. `names` is
    the start of the SHA-256 of both names in full, since what is shown leaves directories out.
    """
    dialect, answered = capabilities.dialect, capabilities.answered or ""
    taken = {
        dialect.token_limit: True,
        "temperature": dialect.temperature,
        "seed": dialect.seed,
        "chat_template_kwargs": dialect.quiet,
    }
    names = hashlib.sha256(f"{capabilities.model}\0{answered}".encode()).hexdigest()
    return {
        "answers as": without_directories(answered),
        "names": names[:16],
        "parameters": ", ".join(name for name, takes in taken.items() if takes),
        **({} if account is None else {"account": account}),
    }


def without_directories(model: str) -> str:
    """Return a model's name without the path that a server may name it by; `organisation/model` is none and stays."""
    is_path = model.startswith(("/", "~", ".")) or "\\" in model or model.count("/") > 1
    return model.replace("\\", "/").rpartition("/")[2] if is_path else model
