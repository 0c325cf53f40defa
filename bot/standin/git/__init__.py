"""What git keeps for the stand-in: objects, differences, merges, and its wire protocol."""
