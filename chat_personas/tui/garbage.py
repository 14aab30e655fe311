"""Keeping the garbage collector from holding the screen up.

A full collection walks through every object there is, and no key is echoed meanwhile: 170 ms once SciPy is loaded,
several times in the course of a reply.
"""

import gc

_HARDLY_EVER = 1000


def spare_what_is_here() -> None:
    """Let the collector pass over all objects that exist now, and begin no full collection by itself.

    Packages, surveys and the screen stay until the end anyway. What is spared is still freed when nothing refers to it;
    only circles that are garbage at this moment stay. So this is for the few moments after much was loaded.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _HARDLY_EVER)


def collect() -> None:
    """Collect all garbage; for a moment in which nothing moves on the screen, such as the end of a reply."""
    gc.collect()
