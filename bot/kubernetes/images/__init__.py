"""Which images would run, from which registry, and who approved them?"""
