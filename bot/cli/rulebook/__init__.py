"""How are the rules listed, explained, documented and begun?"""
