"""What else decides whether guards hold: controllers, opt-ins of namespaces, deleting policies."""
