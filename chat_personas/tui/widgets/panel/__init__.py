"""The alignment panel and its sections. What a section says is made by a pure function of the scorecard."""
