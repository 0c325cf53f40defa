"""Which resources does another resource carry, and which part of a carrier cannot be read?

A carrier holds manifests that a controller applies: a ManifestWork, a Crossplane Object, a Flux
Operator ResourceSet. `nested` adds the carried resources to those of a root, `kinds` knows the
carriers by kind, `resource_sets` fills in the inputs of a ResourceSet.
"""
