"""The generated parts of docs/settings.md: every setting, those of a server, and the themes."""

from collections.abc import Iterator

from pydantic import BaseModel

from chat_personas.settings import ServerSettings, Settings
from chat_personas.settings_listing import EFFECTS, shown_value
from chat_personas.tui.themes import OURS
from scripts.docs.parts import DOCS, renewed

PAGE = DOCS / "settings.md"
TABLES = ("keys", "servers", "templates")
LATER = "from the next start"


def updated(page: str) -> str:
    """Return the page with its generated parts renewed."""
    page = renewed(page, "settings", _table(Settings, effects=True))
    page = renewed(page, "servers", _table(ServerSettings, effects=False))
    return renewed(page, "themes", _themes())


def _table(model: type[BaseModel], *, effects: bool) -> Iterator[str]:
    counts = " counts |" if effects else ""
    yield f"| setting | default | what it is for |{counts}"
    yield "| --- | --- | --- |" + " --- |" * effects
    for name, field in model.model_fields.items():
        default = "a table" if name in TABLES else shown_value(field.default)
        effect = f" {EFFECTS.get(name, LATER)} |" if effects else ""
        yield f"| `{field.alias or name}` | {default} | {field.description} |{effect}"


def _themes() -> Iterator[str]:
    yield from ("| theme | for whom |", "| --- | --- |")
    for theme in OURS:
        yield f"| `{theme.name}` | {theme.about} |"
