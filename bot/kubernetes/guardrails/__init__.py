"""Which requests does an admission guard refuse, and which of them does a change newly admit?"""
