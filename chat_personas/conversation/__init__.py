"""A conversation as an object: send, stop, regenerate, edit, branch; and its running reply. No screen in it."""
