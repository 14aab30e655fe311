"""Write the generated parts of the pages in docs/, from the code that they describe."""
