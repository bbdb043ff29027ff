"""A table of any tenant whose exports Athena compares, however small they are."""

from __future__ import annotations

from dataclasses import replace

from include.datasets import test_table

DATASET = replace(test_table.DATASET, name="large_table", tables="large_table", athena_above=0)
