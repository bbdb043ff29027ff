"""The programs of a stack, and their end in every case."""
