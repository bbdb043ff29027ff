"""Benchmarks: what Sluice takes for a million rows, beside the floor measured in the same run."""
