"""The chat screen and its controllers: replies, measuring, navigation."""
