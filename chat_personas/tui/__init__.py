"""The screen: a Textual application over `Conversation`, `Corpus` and `Monitor`. No domain logic lives here."""
