"""Floor 6: what people do in Slack, read into types and handed to the lifecycle."""
