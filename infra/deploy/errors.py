"""What goes wrong when Sluice is deployed or destroyed."""

from __future__ import annotations


class DeployError(Exception):
    """A step cannot be done; the message says which, why, and what to do."""
