"""How close answers are to people's: metrics, opinions, intervals, groups and scores."""
