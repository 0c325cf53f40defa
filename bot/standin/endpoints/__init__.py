"""The REST and GraphQL endpoints, one blueprint for each of GitHub's families."""
