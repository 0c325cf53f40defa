"""Fairlead: what would this pull request newly grant, run, expose or break in the cluster?"""
