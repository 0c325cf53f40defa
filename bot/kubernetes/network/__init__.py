"""Who may connect to whom on which port, under all network policies of an environment?"""
