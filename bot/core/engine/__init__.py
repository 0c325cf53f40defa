"""Which rules run on what, which findings are new, what blocks, and who has accepted it?"""
