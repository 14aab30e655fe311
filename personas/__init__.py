"""Who is being simulated: personas, groups, and how a model is steered to them."""
