"""What does a change do, and may it be merged? Pure functions: no input or output, no clock.

`reading` turns bytes into resources, `states` resources into environments, `engine` runs rules and
decides, `policy` holds the team's settings, `publish` plans what is posted, `lines` finds causes.
"""
