"""How are trees read safely? The parent, its confined child, their messages and caches."""
