"""What does Flux substitute after a build, and with which values?"""
