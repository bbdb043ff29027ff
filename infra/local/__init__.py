"""The laptop: what stands in for AWS, GitHub and a server while nothing is deployed."""
