"""Which rights on its node does a pod ask for, beyond the Pod Security Standards?

The controls of the two levels (`baseline`, `restricted`) on a pod template (`standard`), and what a
change newly violates (`new_violations`).
"""
