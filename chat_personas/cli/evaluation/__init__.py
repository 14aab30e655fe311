"""A run of `eval` or `matrix`: what is asked, consent, resuming, checks, and where the results go."""
