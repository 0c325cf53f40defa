"""What the policies of Istio let through to workloads."""
