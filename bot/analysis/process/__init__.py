"""How are the trees read safely? The parent, its confined child, their messages and their caches."""
