"""Reading what people write: files, JSON, and models of documents; every fault is one clear line."""
