"""The laptop: servers, emulators and commands that need no deployment."""
