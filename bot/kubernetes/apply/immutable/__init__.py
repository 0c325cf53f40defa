"""Fields that the API server refuses to change in an update, by minor version of Kubernetes."""
