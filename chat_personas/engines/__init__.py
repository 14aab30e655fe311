"""Language models behind one protocol: `llama` runs a GGUF file in this process, `openai` asks a server."""
