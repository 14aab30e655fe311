"""Figures for papers, drawn as SVG: axes and marks, a forest of intervals, and the figures made of them."""
