"""The soak: what people, GitHub and the weather do to the service at once, from one seed."""
