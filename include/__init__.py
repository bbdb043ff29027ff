"""Plain Python of the pipelines: no import of Airflow anywhere below."""
