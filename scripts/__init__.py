"""Tools for maintainers: what writes the generated parts of docs/, and the picture of the screen."""
