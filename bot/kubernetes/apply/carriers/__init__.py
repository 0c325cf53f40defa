"""How, where and whether do carriers apply the objects in them?"""
