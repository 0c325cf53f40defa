"""Which settings do a repository and its organisation make, and which hold for a branch?"""
