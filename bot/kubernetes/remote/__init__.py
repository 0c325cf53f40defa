"""Which remote sources does a tree use, and which of them are new or changed?"""
