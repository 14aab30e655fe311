"""The widgets of the screens. Each shows one thing, and does not know where it comes from."""
