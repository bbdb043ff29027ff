"""The laptop's Airflow: its settings, its programs and its REST API."""
