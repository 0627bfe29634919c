"""Impala is not run here. What is made for it is read by two grammars of it, and by what the product itself knows of it."""
