"""Which findings, approvals and overrides are recorded, and for how long must GitHub be spared?

`audit` is the append-only log, `holds` are the rate limits that GitHub imposed, `database` opens
the SQLite file or PostgreSQL database of both, `inventory` lists what the data directory contains.
"""
