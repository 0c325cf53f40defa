"""What do mutations at admission set, and what do they newly permit?"""
