"""Programs that generate data tables from upstream's own code and published files."""
