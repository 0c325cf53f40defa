"""What `make bench` measures: CPU seconds and peak memory, side by side in one run."""
