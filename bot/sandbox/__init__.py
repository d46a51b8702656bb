"""Floor 9: stand-ins for Slack and the room services, and the demo's story. Nothing but cli and tests imports it."""
