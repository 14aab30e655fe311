"""Ways to obtain a distribution over the options of a question from a model, one module each."""
