"""The warehouse on RDS."""
