"""What every test stands on: an environment that says nothing about Slack, room services, proxies or us."""

from __future__ import annotations

import os

CLEANED = ("SLACK_", "HALLPASS_", "LESSONSPACE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

# Once, before any test module is imported: what a developer has exported must neither help nor break a test.
for _name in [name for name in os.environ if name.upper().startswith(CLEANED)]:
    del os.environ[_name]
