"""What is posted or printed: reports, comments, and the operations that bring them to GitHub."""
