"""What carriers make of the objects in them: how, where and whether they apply them."""
