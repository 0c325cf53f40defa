"""Does an object fit the schema of its kind, and is the kind served at all?

Published schemas of Kubernetes' own kinds (`published`), schemas of CustomResourceDefinitions in
the state (`definitions`), the comparison of an object with one (`check`) and the kinds that an
environment serves (`serving`).
"""
