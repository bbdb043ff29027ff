"""The page of Sluice: files for the browser, and what they ask for."""
