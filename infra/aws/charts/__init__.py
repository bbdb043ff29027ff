"""The datasets' tables in QuickSight, where an environment asks for it."""
