"""What the page in the UI shows of sinks: counts, rejects and charts, as JSON in S3."""
