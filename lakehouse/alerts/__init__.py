"""Tell people what is wrong: which facts are alerts, who is told over which route and when, and the process that watches."""
