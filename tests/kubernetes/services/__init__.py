"""What Services ask for, and whom they reach."""
