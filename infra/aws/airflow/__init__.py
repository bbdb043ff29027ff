"""Airflow on MWAA: its environment, what it may do, what it is encrypted with, what it reads."""
