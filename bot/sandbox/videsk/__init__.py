"""Floor 9: a stand-in Videsk on loopback, as strict as the real one is documented to be."""
