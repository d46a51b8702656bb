"""Floor 9: a stand-in Loop server on loopback, as its public source behaves."""
