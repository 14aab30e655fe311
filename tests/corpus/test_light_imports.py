"""Opening the corpus is on the way to the first paint: what it does not need is not imported."""

import subprocess
import sys

HEAVY = ("sqlite_utils", "pandas", "numpy", "scipy", "openai", "llama_cpp", "textual", "ulid")


def test_a_conversation_can_be_imported_without_heavy_libraries() -> None:
    code = "import sys, chat_personas.conversation.conversation, chat_personas.corpus; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(HEAVY).isdisjoint(done.stdout.split())
