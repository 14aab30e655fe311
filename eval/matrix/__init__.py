"""Personas and the unsteered model against every group: representativeness, steerability, consistency."""
