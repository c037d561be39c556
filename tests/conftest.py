"""Load the suite's plugins: tiers and real servers. What the suite writes itself only its user can read, as with the command line."""

import os

os.umask(0o077)

pytest_plugins = ["tests.plugin.tiers", "tests.plugin.servers", "tests.plugin.lived"]
