"""What goes wrong outside Sluice's pipelines."""


class SetupError(Exception):
    """The machine lacks something; the message says what to do about it."""


class StackError(Exception):
    """A part of Airflow or of the laptop's stack did not start, answer or do what was asked."""
