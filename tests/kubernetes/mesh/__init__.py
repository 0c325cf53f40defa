"""What Istio's policies let through."""
