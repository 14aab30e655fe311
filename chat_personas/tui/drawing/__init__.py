"""From numbers to lines of characters: pure functions, so that what the panel shows can be tested by value.

Every kind of thing has its own glyph and its own word; colour only repeats what they say.
"""
