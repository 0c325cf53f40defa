"""What does a pod ask of its node, beyond the Pod Security Standards?"""
