"""The App itself: how is it created, where is it installed, and is it set up as it should be?"""
