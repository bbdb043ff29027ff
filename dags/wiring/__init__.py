"""The only bridge between Airflow and the plain Python in include/."""
