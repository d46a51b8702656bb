"""Floor 9: a stand-in Lessonspace on loopback, as strict as the real one is documented to be."""
