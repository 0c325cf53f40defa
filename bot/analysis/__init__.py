"""Two commits in, a review out: the parent half, and the child process that holds no secret."""
