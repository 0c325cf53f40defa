"""What did kustomize or Helm make of a root, and where does each resource of it come from?"""
