"""What changes in the cluster, resource by resource, after rendering.

* Which resources are added, changed and removed, and where? `difference`
* Which fields of one resource change, from which value to which? `fields` (imports deepdiff)
* Which fields does the API server not take from a manifest? `server_fields`
* Which values may people see, and how is a field named? `shown`, `paths`
* What does a difference consist of? `model`
"""
