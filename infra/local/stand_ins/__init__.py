"""What stands in for services that the pipelines read from."""
