"""The state of the stand-in in the shapes of GitHub's REST API and webhooks."""
