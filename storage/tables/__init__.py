"""Floor 0: the store's subjects over one SQLite connection. Nothing here opens, commits or waits."""
