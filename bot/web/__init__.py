"""The pages: what a check's "Details" opens.

* Who is looking, and may they see this repository? `signin`, `readers`
* Which pages are there? `pages`, and `overview` for those who run the service
* How is a rule's page or a graph drawn? `rule_pages`, `graph`
"""
