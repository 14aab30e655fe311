"""Reports of `eval` as pictures: one page to read in a browser, and the main figure for a paper."""
