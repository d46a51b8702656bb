"""A stand-in Slack workspace over real HTTP and WebSocket, on loopback. Floor 9: only the demo and tests use it.

Start at `standin.py`. It keeps to what Slack documents and refuses what Slack refuses; the bot reaches it only by
its address, exactly as it reaches Slack.
"""
