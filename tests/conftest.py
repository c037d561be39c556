"""Load the suite's plugins: tiers and real servers."""

pytest_plugins = ["tests.plugin.tiers", "tests.plugin.servers", "tests.plugin.lived"]
