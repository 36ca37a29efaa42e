"""Azure in a world: a door that ends TLS, and behind it the login, the Resource Manager and the data planes."""
