"""What a tree takes in from elsewhere, and what a change makes of that."""
