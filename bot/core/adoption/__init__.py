"""What would Fairlead have said about past merges, and which first policy fits a repository?"""
