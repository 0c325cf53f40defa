"""How does Fairlead read GitHub, change it exactly once, and understand its events?"""
