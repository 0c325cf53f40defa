"""What do the team and its organisation want checked, blocked, ignored and accepted?"""
