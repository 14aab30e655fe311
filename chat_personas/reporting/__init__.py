"""Reports for people: words, numbers, HTML pages and SVG figures."""
