"""Servers that replace services that the pipelines read from."""
