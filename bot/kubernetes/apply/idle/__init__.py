"""What GitOps objects leave unapplied: all of their source, or the fields that they ignore."""
