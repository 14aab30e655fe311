"""Reading what people write (files, JSON, TOML), each fault told in one clear line."""
