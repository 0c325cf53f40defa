"""Which rules are asked about what, what is new, what blocks, and who has accepted it?"""
