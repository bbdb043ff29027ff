"""The resources that stacks are composed of, one a file."""
