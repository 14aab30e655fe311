"""The screens on which people take part in a study."""
