"""The last lessons: holding one's ground in a conversation. Their documents, and what the card counts them on."""
