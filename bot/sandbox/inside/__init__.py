"""Inside a stand-in's room, for people: what a browser shows there, live. Floor 9 as well."""
