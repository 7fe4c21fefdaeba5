"""How a case stands: who may see it, what it is told, how its history is proved."""
