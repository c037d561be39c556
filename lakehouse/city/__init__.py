"""A city: its profile, its effective-dated regions and departments, its calendar, and the reference tables made of them."""
