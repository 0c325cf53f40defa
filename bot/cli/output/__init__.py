"""How is a result shown? Text, JSON, SARIF, workflow commands, and the terminal itself."""
