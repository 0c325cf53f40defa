"""Will the API server take it? Served versions, immutable fields, pruning and sync options."""
