"""Floors 1 to 11: the domain, its room services, and the shell that runs them."""
