"""How is the App run, and how is one delivery sent to it again?"""
