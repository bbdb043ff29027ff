"""What Amazon MWAA is given: built the same everywhere, and tried out the way MWAA uses it."""
