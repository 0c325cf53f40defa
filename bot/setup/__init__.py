"""How does an installation without credentials become a GitHub App?

`web` is the set-up page that `fairlead serve` shows until then, `manifest` the App manifest that it
posts to GitHub, `credentials` the file that keeps the result.
"""
