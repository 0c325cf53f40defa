"""What do pods run with: templates, accounts, references, requests, spreading and taints?

Pod templates of every kind (`pods`) and the pods of a state by labels (`population`), their
accounts (`service_accounts`), what they need to start (`references`), requests and limits
(`requests`), and where they may be scheduled (`spreading`, `taints`).
"""
