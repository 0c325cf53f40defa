"""Will the API server accept the object, and what does the tool that applies it do with it?

Served versions (`api_versions`), fields that cannot change (`immutable`), what a removal deletes
(`pruning`) and the annotations that tools obey (`sync_options`).
"""
