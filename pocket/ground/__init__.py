"""The last lesson: holding one's ground in a conversation. Its documents, and what the card counts it on."""
