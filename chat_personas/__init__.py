"""chat-personas: talk with a model steered toward a demographic group, and measure its opinions."""

__version__ = "0.1.0"
