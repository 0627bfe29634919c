"""Read models, order them, render them, run them, check what came out, publish it."""
