"""How the product is started: locally, in containers, behind the gateway."""
