"""What is applied where: which objects of the tree apply a root, and what they alter of it."""
