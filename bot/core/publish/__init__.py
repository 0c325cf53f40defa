"""What is posted on GitHub or printed: reports, comments and the operations that bring them there."""
