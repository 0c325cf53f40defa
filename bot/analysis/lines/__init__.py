"""Which changed line causes a finding? From a field of a resource to a file, line and side."""
