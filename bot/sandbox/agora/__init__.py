"""Floor 9: a stand-in Agora Interactive Whiteboard on loopback, as strict as the real one is documented to be."""
