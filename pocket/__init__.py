"""The recipe that makes the pocket model: text, tokenizer, training, export, evaluation, card. Not installed."""
