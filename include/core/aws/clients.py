"""How clients of AWS are made, wherever they get their addresses and credentials from."""

from __future__ import annotations

from typing import Final

from botocore.config import Config

UNCHECKED: Final = Config(parameter_validation=False)
"""Leaves the check of parameters to the service, which makes it anyway.

Checking a batch of ten messages takes botocore a third of the time that sending it takes.
"""
