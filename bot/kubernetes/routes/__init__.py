"""What can the outside world reach? Ingresses, Gateway API routes and load balancers."""
