from sim import Thing

Thing("a", {})
