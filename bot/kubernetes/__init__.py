"""How the cluster acts on resources: facts of Kubernetes as pure functions, no input or output."""
