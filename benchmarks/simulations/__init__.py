"""Simulations with a planted truth: do the verdicts, intervals and estimates come out as the documentation says?"""
