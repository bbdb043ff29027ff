"""A regular package: csv-diff installs one of the same name, which would hide a bare folder."""
