"""What does Fairlead do with a resource of some kind, and what of a change did no rule judge?

`kinds_table` lists the kinds that concern pods, traffic or rights and that no rule judges: a change
of one is a problem. `unjudged` finds those problems, and the carriers that cannot be read.
"""
