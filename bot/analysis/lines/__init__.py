"""Which changed line causes a finding? From the field of a resource to a file, a line and a side."""
