"""The roles and bindings that a cluster creates itself: Kubernetes' own and OpenShift's."""
