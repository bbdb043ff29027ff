"""What a file seems to be, and its declaration: guessed from its bytes alone."""
