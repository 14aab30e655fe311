"""Nothing is measured in these sittings, unless a test asks for it."""

import pytest


@pytest.fixture(autouse=True)
def unmeasured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in which measuring is off; after the home of a test, which begins without any settings."""
    if "home" in request.fixturenames:
        request.getfixturevalue("home")
    monkeypatch.setenv("CHAT_PERSONAS_MEASURE", "false")
