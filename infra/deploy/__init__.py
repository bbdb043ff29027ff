"""Deploys Sluice to an AWS account, and takes it away again."""
