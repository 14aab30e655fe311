"""The questions of the built-in survey that the pocket model never trains on.

No figure of theirs enters any text and they are never asked. How well the model answers them shows what it makes of
correlated opinions. Twelve, on ten topics, chosen before the first training run.
"""

HELD_OUT: frozenset[str] = frozenset(
    {
        "GOVPRIORITYf_W54",
        "UNIMMIGCOMM_W92",
        "GOVAID_W92",
        "INEQ1_W54",
        "PROG_RNEED_W92",
        "HARASS1D_W32",
        "TRANSGEND1_W29",
        "GODMORALIMP_W92",
        "INSTN_CLGS_W92",
        "ALLIES_W92",
        "WATCHDOG_1_W45",
        "SCI4_W34",
    }
)
