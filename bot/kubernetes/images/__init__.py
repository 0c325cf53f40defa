"""Which images would run, from which registry, and does the policy approve them?

Reference grammar (`reference`), where kinds name images (`table`, `positions`), what a change does
to them (`changes`), approval by list (`approval`) and by the registries already in use
(`registries`).
"""
