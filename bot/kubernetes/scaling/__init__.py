"""Which workloads are scaled, by what, and may their pods be evicted?"""
