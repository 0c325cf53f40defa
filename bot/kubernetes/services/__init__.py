"""Which pods does a Service reach, on which port, and which probes decide that they are ready?"""
