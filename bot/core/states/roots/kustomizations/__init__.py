"""Kustomizations: a file into what it lists and takes in, and why listing is not all."""
