"""The school in a browser: what people see at Slack drawn as HTML, and what they press read back. Floor 9 as well."""
