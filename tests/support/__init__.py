"""What tests share: the pipeline in one process, oracles, and faults."""
