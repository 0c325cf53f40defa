"""What does `fairlead doctor` look at, here and on GitHub, and what does it advise?"""
