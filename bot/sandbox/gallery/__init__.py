"""Everything that people can be shown, in every state, built by the very functions that build it. Floor 9 as well."""
