"""Reports as pages to read in a browser: each is one file that needs nothing else."""
