"""How Fairlead is run on Kubernetes."""
