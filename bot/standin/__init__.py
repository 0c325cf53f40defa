"""A GitHub on loopback, backed by real git: for the demo and the tests."""
