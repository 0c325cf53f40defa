"""What is built together: directories, kustomizations and charts, and the files that each reads."""
